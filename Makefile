# `make demo` and `make test` set up all they need in .tools; nothing global is touched.

ifeq ($(OS),Windows_NT)
BASE_PYTHON := python
TOOL_PYTHON := .tools/Scripts/python.exe
LIBRARY_PYTHON := .tools/library/Scripts/python.exe
else
BASE_PYTHON := python3
TOOL_PYTHON := .tools/bin/python
LIBRARY_PYTHON := .tools/library/bin/python
endif
# The source that is rendered follows the settings of the rendered project: tests/template/test_proof.py.
CODE := benchmarks hooks src tests tools "{{cookiecutter.project_slug}}/tools"
ARGS ?=
LIBRARY ?= wheel

.DEFAULT_GOAL := help
.PHONY: help demo test test-real test-networks test-all lint types format wheel lock audit options reference decisions faults fuzz targets clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

demo: ## Render the default project, install it, run its loop (LIBRARY=source: the library from src)
	@$(BASE_PYTHON) tools/demo.py --library $(LIBRARY) $(ARGS)

test: ## Run the tests of template and library (ARGS="-k refusals", ARGS=tests/library/test_gate.py)
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/run_tests.py $(ARGS)

test-real: ## Run what needs a container engine, deployment runtimes and the like
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/run_tests.py -m real $(ARGS)

test-all: ## Run variants that take every pair of answers (ARGS="--shard 1/4", --list, --help)
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/prove.py $(ARGS)

test-networks: ## Run the library's tests of PyTorch and TensorFlow, which bring gigabytes
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/run_tests.py --heavy -m pytorch tests/library $(ARGS)
	@$(TOOL_PYTHON) tools/run_tests.py --heavy -m tensorflow tests/library $(ARGS)

lint: types ## Check style and types of library and template
	@$(TOOL_PYTHON) -m black --check --quiet --diff $(CODE)
	@$(TOOL_PYTHON) -m isort --check-only $(CODE)
	@$(TOOL_PYTHON) -m flake8 $(CODE)

types: ## Check types: the tools in their environment, the library in its own
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/library.py
	@$(TOOL_PYTHON) -m mypy --exclude 'benchmarks/(decisions|fuzz)|tests/template/feature_store' benchmarks tools hooks/pre_gen_project.py hooks/post_gen_project.py tests/template
	@MYPYPATH=src $(LIBRARY_PYTHON) -m mypy src benchmarks/decisions benchmarks/fuzz

format: ## Put the template's own code into style
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) -m isort --quiet $(CODE)
	@$(TOOL_PYTHON) -m black --quiet $(CODE)

wheel: ## Build the library into the wheel that rendered projects carry
	@$(BASE_PYTHON) tools/toolbox.py demo
	@$(TOOL_PYTHON) tools/wheel.py $(ARGS)

lock: ## Renew all locks and print what moved (ARGS=project, tools or names for one)
	@$(BASE_PYTHON) tools/toolbox.py demo
	@$(TOOL_PYTHON) tools/lock.py $(ARGS)

audit: ## Ask for known vulnerabilities of everything in the lock of all options
	@$(BASE_PYTHON) tools/audit.py $(ARGS)

options: ## Write docs/options.md anew
	@$(BASE_PYTHON) tools/options.py

reference: ## Write the API reference of the library to build/reference, from its docstrings
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/reference.py

decisions: ## Simulate the decisions of gate, monitoring and loop (ARGS="--only drift", --help)
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/library.py
	@$(LIBRARY_PYTHON) -m benchmarks.decisions $(ARGS)

faults: ## Interrupt the services of rendered projects (ARGS="--only kills --rounds 5", --help)
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) -m benchmarks.faults $(ARGS)

fuzz: ## Try hostile bodies and tables on the library (ARGS="--seconds 600", --help)
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/library.py
	@$(LIBRARY_PYTHON) -m benchmarks.fuzz $(ARGS)

targets: ## Run rendered services on their deployment targets, ask them, write docs/targets.md (ARGS="--target docker", --help)
	@$(BASE_PYTHON) tools/toolbox.py test
	@$(TOOL_PYTHON) tools/targets.py $(ARGS)

clean: ## Delete the tools, the demo and all caches
	@rm -rf .tools demo build .mypy_cache .pytest_cache
