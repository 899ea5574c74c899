# `make demo` and `make test` set up all they need in .tools; nothing global is touched.

ifeq ($(OS),Windows_NT)
TOOL_PYTHON := .tools/Scripts/python.exe
else
TOOL_PYTHON := .tools/bin/python
endif
CODE := benchmarks hooks tests tools "{{cookiecutter.project_slug}}/src" "{{cookiecutter.project_slug}}/tools"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format lock audit options faults image clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: ## Render the default project, install it, play its loop, say how it went
	@python3 tools/demo.py $(ARGS)

test: ## Run every test of the template
	@python3 tools/toolbox.py test
	@$(TOOL_PYTHON) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-all: ## Run variants that take every pair of answers (ARGS="--shard 1/4", --list, --help)
	@python3 tools/toolbox.py test
	@$(TOOL_PYTHON) tools/prove.py $(ARGS)

lint: ## Check style and types of the template's own code
	@python3 tools/toolbox.py test
	@$(TOOL_PYTHON) -m black --check --quiet --diff $(CODE)
	@$(TOOL_PYTHON) -m isort --check-only $(CODE)
	@$(TOOL_PYTHON) -m flake8 $(CODE)
	@$(TOOL_PYTHON) -m mypy benchmarks tools hooks/pre_gen_project.py hooks/post_gen_project.py tests

format: ## Put the template's own code into style
	@python3 tools/toolbox.py test
	@$(TOOL_PYTHON) -m isort --quiet $(CODE)
	@$(TOOL_PYTHON) -m black --quiet $(CODE)

lock: ## Renew all locks and print what moved (ARGS=project, tools or names for one)
	@python3 tools/toolbox.py demo
	@$(TOOL_PYTHON) tools/lock.py $(ARGS)

audit: ## Ask for known vulnerabilities of everything in the lock of all options
	@python3 tools/audit.py $(ARGS)

options: ## Write docs/options.md anew
	@python3 tools/options.py

faults: ## Interrupt the services of rendered projects (ARGS="--only kills --rounds 5", --help)
	@python3 tools/toolbox.py test
	@$(TOOL_PYTHON) -m benchmarks.faults $(ARGS)

image: ## Build the image of rendered services and ask them (needs Docker; ARGS=--help)
	@python3 tools/toolbox.py test
	@$(TOOL_PYTHON) tools/image.py $(ARGS)

clean: ## Delete the tools, the demo and all caches
	@rm -rf .tools demo build .mypy_cache .pytest_cache
