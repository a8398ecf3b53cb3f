"""The same networks in other frameworks, which export them to NIR, and in bioscnn, which reads them."""
