# jitt: two commands on a fresh machine, `make demo` and `make test`. Needs Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: env demo up test check types rules freeze lock bench simulate chaos soak

env: .venv/.ready

# With bytecode, which installers of wheels make and uv does not: a service starts in half the time, also where Python may write none.
.venv/.ready: requirements.lock pyproject.toml
	@command -v uv >/dev/null 2>&1 || test -x .venv/uv/bin/uv || { echo "Getting uv ..."; $(PYTHON) -m venv .venv/uv && .venv/uv/bin/pip install --quiet uv; }
	@UV=$$(command -v uv || echo .venv/uv/bin/uv); \
	  test -x $(BIN)/python || $$UV venv --allow-existing --quiet --python $(PYTHON) .venv; \
	  echo "Installing what requirements.lock names ..."; \
	  $$UV pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock && \
	  $$UV pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . && \
	  $(BIN)/python -m compileall -q services shared deploy
	@touch $@

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --group dev pyproject.toml -o requirements.lock

demo: env
	@$(BIN)/jitt demo

up: env
	@$(BIN)/jitt up

# Unit, contract, messaging, architecture, flow and browser tests. Each of the two workers has an embedded stack of its own, so
# servers of yours (JITT_KAFKA, JITT_POSTGRES), which both would share, want WORKERS=0. Which worker has what: tests/order.py.
WORKERS ?= 2
test: env
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.node
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

# Types take as long as all the rest, so both go side by side.
check: env
	@$(MAKE) --no-print-directory -j 2 rules types

# No cache for mypy: an old one was seen to report an error that was none.
types: env
	@$(BIN)/mypy --cache-dir=/dev/null

rules: env
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m deploy.generate.freeze --check
	@$(BIN)/python -m deploy.generate --check
	@$(BIN)/jitt content check

# After a change of a contract, a topic, a route or a word on a page: frozen schemas, generated documents, and the new words in
# every language's catalogue. Refuses what would break a reader.
freeze: env
	@$(BIN)/python -m deploy.generate.freeze
	@$(BIN)/python -m deploy.generate
	@$(BIN)/python -m deploy.generate.catalogues

# One hop against its own parts and against a naive service: fifteen minutes, and only a quiet machine gives true figures.
bench: env
	@$(BIN)/python -m tests.bench $(ARGS)

# A year of 2,000 mentors through the alert rules: what a supervisor is asked in a week. Ten minutes of processor time.
simulate: env
	@$(BIN)/python -m tests.simulation $(ARGS)

# Kills, stops and starves a real network under load, then counts: nothing lost, nothing doubled. FULL=1: the release run, hours.
chaos: env
	@$(BIN)/python -m tests.chaos $(ARGS)

# Hours of steady load: memory, latency and tables must stay as they were. HOURS=2 unless said otherwise.
soak: env
	@$(BIN)/python -m tests.bench.soak --hours $(or $(HOURS),2) $(ARGS)
