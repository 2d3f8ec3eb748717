# The commands of this project; `make` alone lists them. Each installs what it needs into .venv, once.
#
# Requirements: Python 3.11, 3.12 or 3.13 with its headers, make, a C compiler. PYTHON=... names another interpreter.

# Side by side: one more than there are processors, because some tests wait.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
ARGS ?=
bin := .venv/bin
install := PYTHON="$(PYTHON)" sh requirements/install

.PHONY: $(shell sed -n 's/^\([a-z]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))  # every command that help lists

help: ## list these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## a practice workspace with a range of failures (ONCE=1 plays the story to its proof and exits, JSON=1 for machines; BOOKS=tryton)
	@$(install) $(if $(filter tryton,$(BOOKS)),dev,run)
	@$(bin)/resolve-now demo $(if $(ONCE),--once) $(if $(JSON),--json) $(if $(BOOKS),--books $(BOOKS))

# Python may keep what it compiles, also where the environment forbids it: dozens of processes read it again.
test: ## run every test but the slow ones on SQLite and PostgreSQL (JOBS=4 side by side, ARGS="tests/test_x.py -k name")
	@$(install) dev
	@PYTHONDONTWRITEBYTECODE= $(bin)/python -m pytest -q -m "not slow" -n $(JOBS) --dist worksteal $(ARGS)

slow: ## run the slow tests: more of a real Tryton, stories in Chromium, random walks, killed processes (ARGS as for test)
	@$(install) dev
	@PYTHONDONTWRITEBYTECODE= $(bin)/python -m pytest -q -m slow -n $(JOBS) --dist worksteal $(ARGS)

other: ## the demo, and the tests of rules, storage and sync on SQLite, with another Python (PYTHON=python3.13, ARGS as for test)
	@VENV=.venv-other $(install) dev
	@.venv-other/bin/python -m pytest -q -n $(JOBS) --dist worksteal -k "not postgresql" \
		$(or $(ARGS),tests/test_rules_*.py tests/test_storage_*.py tests/test_sync_*.py)
	@.venv-other/bin/resolve-now demo --once

check: ## lint, formatting, types, and which room may import which
	@$(install) dev
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports

format: ## format imports and lines
	@$(install) dev
	$(bin)/ruff check --fix
	$(bin)/ruff format

accuracy: ## how often the diagnoses are right, on 50,000 generated histories (ARGS="--histories 2000 --seed 7" for fewer)
	@$(install) dev
	@$(bin)/python -m bench.accuracy $(ARGS)

same: ## play this version and 0.1.0 with the same inputs and list every difference (ARGS="--commit X --plays demo walks")
	@$(install) dev
	@$(bin)/python -m bench.side_by_side $(ARGS)

backtest: ## judge the evidence that 0.1.0 stored anew, and list every difference with its reason
	@$(install) dev
	@$(bin)/python -m bench.backtest $(ARGS)

diagnosing: ## how long a diagnosis takes, here, in 0.1.0 and in the bare rules engine, and how often both say the same
	@$(install) dev
	@$(bin)/python -m bench.diagnosing $(ARGS)

bench: ## how fast a sync posts payments into the embedded books, here and in 0.1.0 (ARGS=--proof for the proof of 100,000)
	@$(install) dev
	@$(bin)/python -m bench.journey $(ARGS)

recording: ## what one row of the record costs, here and in 0.1.0, side by side
	@$(install) dev
	@$(bin)/python -m bench.recording $(ARGS)

starting: ## what it costs to start the command line, here and in 0.1.0
	@$(install) dev
	@$(bin)/python -m bench.starting $(ARGS)

importing: ## how many lines of a file are imported in a second, here and in 0.1.0 (ARGS="--long 1000000" for the memory of a long one)
	@$(install) dev
	@$(bin)/python -m bench.importing $(ARGS)

load: ## many idle and hung companies, presses during a sync, years of history, a soak; here and in 0.1.0 (SOAK=1 for a million, SOAK=20000, ARGS="--pieces soak")
	@$(install) dev
	@SOAK=$(SOAK) $(bin)/python -m bench.load $(ARGS)

calls: ## count the calls to each of the books, here and in 0.1.0: healthy payments, a failure, a decision (ARGS="--packages xero")
	@$(install) dev
	@$(bin)/python -m bench.calls $(ARGS)

flight: ## payments into books that take 50 ms a call: one call on its way, several, and 0.1.0 (ARGS="--payments 200 --packages xero")
	@$(install) dev
	@$(bin)/python -m bench.flight $(ARGS)

scale: ## several schedulers and workers on one PostgreSQL, killed and frozen; how fast, how fair (ARGS="--parts machines")
	@$(install) dev
	@PYTHONPATH=.:tests $(bin)/python -m bench.scale $(ARGS)

searching: ## how long a search takes among 1,000,000 payments, here and in 0.1.0, on both databases (ARGS="--payments 100000")
	@$(install) dev
	@$(bin)/python -m bench.searching $(ARGS)

pressing: ## 20 presses a second through the bot while a sync of 1,000 payments runs and 200 cards wait, on both databases (ARGS="--payments 200 --waiting 30")
	@$(install) dev
	@$(bin)/python -m bench.pressing $(ARGS)

feeds: ## play 10,000 generated feeds of changes for each connector that has one (FEEDS=200 for fewer)
	@$(install) dev
	@FEEDS=$(or $(FEEDS),10000) $(bin)/python -m pytest -q -n $(JOBS) tests/test_accounting_feeds_*.py

stories: ## play the stories of an accountant on a real Tryton, with its trial balances (ARGS="returned" for some)
	@$(install) dev
	@PYTHONPATH=.:tests $(bin)/python tests/tryton_stories.py $(ARGS)

walk: ## carry out what each card offers until its failure ends, on every kind of books (ARGS="--books xero --first --json")
	@$(install) dev
	@PYTHONPATH=.:tests $(bin)/python tests/ways_out.py $(ARGS)

recipes: ## follow the recipe "Adding a cause" in a copy of the project, to a green check and its tests
	@$(install) dev
	@PYTHONPATH=.:tests $(bin)/python tests/recipe_of_a_cause.py

pictures: ## redraw docs/pictures: every card and modal in the practice workspace's page (needs Chromium)
	@$(install) dev
	@PYTHONPATH=.:tests $(bin)/python docs/pictures.py $(ARGS)

lock: ## rewrite requirements/ from pyproject.toml (UPGRADE=1 takes the newest versions)
	@sh requirements/lock $(if $(UPGRADE),--upgrade)

release: ## build into dist/ what users install: our wheel, and the rules engine's for each Python that is found
	@sh requirements/release dist

clean: ## remove .venv and every cache; never any data
	rm -rf .venv .venv-other dist *.egg-info build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
