# Everything that a newcomer types. `make` alone lists it.
#
#   make sim DATASET=mnist DEVICE=cpp_standalone TRIALS=500 JOBS=2

DATASET ?= mnist
RUN     ?= results/$(DATASET)/latest
PYTHON  ?= python3

# What another Brian2 is tested with: every neuron model and reset rule, against an independent simulator.
SIMULATIONS := tests/devices/test_identical_spikes.py tests/devices/test_genn.py tests/unit/test_propagator.py \
  tests/devices/test_noisy_networks.py tests/oracles/test_instant_synapse.py

# GeNN has an environment of its own: brian2genn works with none of the newest packages.
ifeq ($(DEVICE),genn)
VENV    := .venv-genn
PINS    := constraints/genn.txt
OPTIONS := --constraint $(PINS)
PACKAGE := .[genn]
ALSO    := ,genn
TESTS   := $(SIMULATIONS)
else
VENV    := .venv
PINS    := constraints/python3.11.txt
PACKAGE := .
OPTIONS  = $$(./constraints/for $(BIN)/python)
endif
BIN     := $(VENV)/bin
INSTALL  = $(BIN)/pip install --quiet --disable-pip-version-check $(OPTIONS) --editable

.DEFAULT_GOAL := help
.PHONY: help env sim explain test coverage fuzz mutation lint train cross timing retina noise sweep sensitivity ladder \
  benchmark bench study faults release-check camera notebooks docs doctor clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { \
	  line = sprintf("  make %-13s", $$1); n = split($$2, words, " "); \
	  for (k = 1; k <= n; k++) { \
	    if (length(line words[k]) > 78) { print line; line = sprintf("%20s", "") } \
	    line = line " " words[k] } \
	  print line }' $(MAKEFILE_LIST)

env: $(VENV)/ready ## make the environment .venv, or .venv-genn [DEVICE=genn]

# One line a step: the environment is made once, and again when its pins change. A half-made one is made anew.
$(VENV)/ready: pyproject.toml $(PINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bioscnn needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name a newer one: make env PYTHON=python3.11"; exit 2; }
	@echo "making the environment $(VENV) (once; about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) '$(PACKAGE)'
	@touch $@

$(VENV)/ready-test: $(VENV)/ready
	@echo "adding what the tests need (once) ..."
	@$(INSTALL) '.[dev$(ALSO)]'
	@touch $@

$(VENV)/ready-train: $(VENV)/ready
	@echo "adding torch, for training (once) ..."
	@$(INSTALL) '.[train$(ALSO)]'
	@touch $@

$(VENV)/ready-notebooks: $(VENV)/ready
	@echo "adding Jupyter (once) ..."
	@$(INSTALL) '.[notebooks$(ALSO)]'
	@touch $@

$(VENV)/ready-docs: $(VENV)/ready
	@echo "adding Sphinx, for the site (once) ..."
	@$(INSTALL) '.[docs$(ALSO)]'
	@touch $@

$(VENV)/ready-sensitivity: $(VENV)/ready
	@echo "adding SALib, for sensitivities (once) ..."
	@$(INSTALL) '.[sensitivity$(ALSO)]'
	@touch $@

$(VENV)/ready-interop: $(VENV)/ready
	@echo "adding NEST, Nengo and nwbinspector, for two tests (once) ..."
	@$(INSTALL) '.[interop$(ALSO)]'
	@touch $@

$(VENV)/ready-mutation: $(VENV)/ready-test
	@echo "adding Cosmic Ray, which changes code (once) ..."
	@$(INSTALL) '.[mutation$(ALSO)]'
	@touch $@

$(VENV)/ready-fuzz: $(VENV)/ready-test
	@echo "adding Atheris, which sees which code an input reaches (once) ..."
	@$(INSTALL) '.[fuzz$(ALSO)]'
	@touch $@

$(VENV)/ready-distributed: $(VENV)/ready
	@echo "adding dask, for clusters (once) ..."
	@$(INSTALL) '.[distributed$(ALSO)]'
	@touch $@

sim: $(VENV)/ready ## simulate a study [DATASET=mnist] [DEVICE=cpp_standalone] [TRIALS=] [JOBS=]
	@$(BIN)/bioscnn run sims/$(DATASET).toml $(if $(DEVICE),--device $(DEVICE)) \
	  $(if $(TRIALS),--trials $(TRIALS)) $(if $(JOBS),--jobs $(JOBS))

explain: $(VENV)/ready ## say where the accuracy of a run goes [RUN=results/mnist/latest] [TRIALS=] [JOBS=]
	@$(BIN)/bioscnn explain $(RUN) $(if $(TRIALS),--trials $(TRIALS)) $(if $(JOBS),--jobs $(JOBS))

# The tests start over a hundred Python processes: none shall compile the package anew.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/$(1) -q -n 2 --dist worksteal $(TESTS)

test: $(VENV)/ready-test ## run all tests, or those of simulations on Brian2 2.5.4 and GeNN [DEVICE=genn]
	@$(call PYTEST,pytest)

# Whole, since copies of a process that has changed its folder would write beside it.
coverage: export COVERAGE_FILE := $(CURDIR)/build/coverage
coverage: $(VENV)/ready-test ## fill docs/tables/coverage-of-code.csv, or say which branches some tests reach [TESTS=tests/unit]
	@mkdir -p build
	@$(BIN)/coverage erase
	@$(call PYTEST,coverage run -m pytest); tests=$$?; \
	  $(BIN)/coverage combine -q && $(BIN)/coverage json -q && $(BIN)/python -m tests.reached \
	  $(if $(TESTS),,docs/tables/coverage-of-code.csv) && exit $$tests

fuzz: $(VENV)/ready-test $(if $(GUIDED),$(VENV)/ready-fuzz) ## read damaged and hostile files with every reader, hours [INPUTS=100000] [READERS="onnx nir"] [SEED=1] [GUIDED=1]
	@$(BIN)/python -m tests.fuzz --inputs $(or $(INPUTS),100000) --seed $(or $(SEED),1) --keep results/fuzz \
	  $(if $(GUIDED),--guided) $(if $(TABLE),--table $(TABLE)) -- $(READERS)

lint: $(VENV)/ready-test ## check style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

train: $(VENV)/ready-train ## train the networks of a data set, or one [DATASET=mnist] [NETWORK=mnist-small]
	@$(BIN)/bioscnn train $(or $(NETWORK),$(DATASET))

cross: $(VENV)/ready-train ## cross-validate a network of recordings [DATASET=nmnist NETWORK=nmnist-small-real]
	@$(BIN)/bioscnn cross-validate sims/$(DATASET).toml $(NETWORK)

timing: $(VENV)/ready ## ask what the times of spikes carry [DATASET=nmnist] [TRIALS=] [JOBS=]
	@$(BIN)/bioscnn timing sims/$(DATASET).toml $(if $(TRIALS),--trials $(TRIALS)) $(if $(JOBS),--jobs $(JOBS))

retina: $(VENV)/ready-train ## what do a retina's cells add to gain control? [DATASET=caltech] [SEARCH=1] [QUICK=1] [JOBS=]
	@$(BIN)/bioscnn retina sims/$(if $(filter mnist,$(DATASET)),mnist-foveal,$(DATASET)).toml \
	  $(if $(SEARCH),--search) $(if $(QUICK),--quick) $(if $(JOBS),--jobs $(JOBS))

noise: $(VENV)/ready ## say what noise destroys first and what helps [DATASET=mnist] [TRIALS=] [QUICK=1] [JOBS=]
	@$(BIN)/bioscnn noise sims/$(DATASET).toml $(if $(QUICK),--quick) $(if $(TRIALS),--trials $(TRIALS)) \
	  $(if $(JOBS),--jobs $(JOBS))

SWEEP_NEEDS = $(VENV)/ready-sensitivity $(if $(DASK),$(VENV)/ready-distributed)
SWEEP_WORDS = $(if $(TRIALS),--trials $(TRIALS)) $(if $(JOBS),--jobs $(JOBS)) $(if $(DASK),--dask $(DASK)) \
  $(if $(RETRY),--retry)

sweep: $(SWEEP_NEEDS) ## vary the parameters of a study [SWEEP=sims/sweeps/mnist-surface.toml] [TRIALS=] [JOBS=] [DASK=] [RETRY=1]
	@$(BIN)/bioscnn sweep $(or $(SWEEP),sims/sweeps/mnist-surface.toml) $(SWEEP_WORDS)

sensitivity: $(SWEEP_NEEDS) ## say which parameters matter [DATASET=mnist, mnist-foveal, caltech, nmnist, ncaltech101] [SOBOL=1] [GAIN=kept] [TRIALS=] [JOBS=] [DASK=] [RETRY=1]
	@$(BIN)/bioscnn sweep sims/sweeps/$(DATASET)-$(if $(SOBOL),sobol,morris).toml $(if $(GAIN),--gain $(GAIN)) $(SWEEP_WORDS)

ladder: $(VENV)/ready $(if $(NETWORKS),$(VENV)/ready-train) ## say what each piece of biology costs and buys [DATASET=mnist] [FACTORIAL=1] [NETWORKS=] [EPOCHS=] [TRIALS=] [NEURON=] [JOBS=]
	@$(BIN)/bioscnn ladder sims/$(DATASET).toml $(if $(NEURON),--neuron $(NEURON)) $(if $(FACTORIAL),--factorial) \
	  $(if $(NETWORKS),--networks $(NETWORKS)) $(if $(EPOCHS),--epochs $(EPOCHS)) \
	  $(if $(TRIALS),--trials $(TRIALS)) $(if $(JOBS),--jobs $(JOBS))

benchmark: $(VENV)/ready ## measure the shipped networks and fill docs/networks.md [DATASET=mnist] [TRIALS=]
	@$(BIN)/bioscnn benchmark $(DATASET) $(if $(TRIALS),--trials $(TRIALS),--docs docs/networks.md)

bench: $(VENV)/ready ## measure bioscnn against its peers, three quarters of an hour [QUICK=1] [SIZE="small nmnist vgg"] [ONLY=torch]
	@$(BIN)/python -m bench.run $(if $(QUICK),--quick) $(foreach size,$(SIZE),--size $(size)) $(if $(ONLY),--only $(ONLY)) \
	  $(if $(DOCS),--docs $(DOCS))

devices: $(VENV)/ready ## compare all devices of this machine spike by spike [DATASET=mnist] [TRIALS=200]
	@$(BIN)/bioscnn devices sims/$(DATASET).toml --trials $(or $(TRIALS),200)

study: $(VENV)/ready$(if $(QUICK),,-train $(VENV)/ready-sensitivity) ## run all that the docs report, hours, and link it on one page [QUICK=1] [ONLY=] [AGAIN=]
	@$(BIN)/bioscnn study $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(AGAIN),--again $(AGAIN))

mutation: $(VENV)/ready-mutation ## change the code at random and see whether the tests notice, an hour [MUTANTS=40] [SEED=1] [PACKAGES="neurons network"]
	@$(BIN)/python -m tests.mutation --mutants $(or $(MUTANTS),40) --seed $(or $(SEED),1) --table docs/tables/mutation.csv -- $(PACKAGES)

faults: $(VENV)/ready-train $(VENV)/ready-test ## kill, interrupt and starve commands, and fill docs/tables/faults.csv, an hour [TRIES=20] [ONLY=run,sweep] [FAULTS="kill -9,disk full"]
	@$(BIN)/python -m tests.faults --tries $(or $(TRIES),20) $(if $(ONLY),--only "$(ONLY)") \
	  $(if $(FAULTS),--faults "$(FAULTS)")

release-check: ## build and install what would be released, in empty environments [PYTHONS="python3.11 python3.12"] [TRAIN=torch] [AUDIT=1]
	@$(PYTHON) -m tests.release $(foreach p,$(PYTHONS),--python $(p)) $(if $(TRAIN),--train $(TRAIN)) $(if $(AUDIT),--audit)

camera: $(VENV)/ready ## compare the simulated event camera with real recordings and fill docs/camera.md
	@$(BIN)/python -m analysis.camera.compare

notebooks: $(VENV)/ready-notebooks ## open the notebooks of analysis/ in Jupyter
	@$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) analysis

docs: $(VENV)/ready-docs ## build the site of the documentation: build/site/index.html
	@$(BIN)/sphinx-build -W --keep-going -q -j 2 -c docs/site -d build/doctrees . build/site
	@echo "build/site/index.html"

doctor: $(VENV)/ready ## say what works on this machine and how to mend the rest
	@$(BIN)/bioscnn doctor

clean: ## remove the environment and caches; results stay
	rm -rf .venv .venv-genn .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
