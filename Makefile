# For those who run a Prefect server and workers on a machine of their own, without Docker. `make help` lists it all.
#   make start-server start-worker N=2 HOST=0.0.0.0 PORT=4300 SERVER_DB=postgresql+asyncpg://user:password@host/prefect

HOST ?= 127.0.0.1
PORT ?= 4200
N ?= 1
RUN_DIR ?= .data/make
PREFECT ?= $(if $(wildcard .cache/prefect-venv/bin/prefect),.cache/prefect-venv/bin/prefect,prefect)
PREFECT_API_URL ?= http://$(if $(filter 0.0.0.0,$(HOST)),127.0.0.1,$(HOST)):$(PORT)/api
HARVESTER ?= node bin/harvester.js
# Not exported: the program has these defaults itself, and those of a namespace in .env.
ending := $(addprefix -,$(filter-out default,$(HARVESTER_NAMESPACE)))
HARVEST_POOL ?= harvest$(ending)
MAINTENANCE_POOL ?= maintenance$(ending)

# Where the server keeps its data; by default in SQLite, which does for one worker.
SERVER_DB ?= $(PREFECT_API_DATABASE_CONNECTION_URL)
ifneq ($(SERVER_DB),)
export PREFECT_API_DATABASE_CONNECTION_URL := $(SERVER_DB)
endif

# The server is asked directly, whatever proxy is set; hosts that were excepted stay so.
comma := ,
NO_PROXY := $(if $(NO_PROXY),$(NO_PROXY)$(comma),)127.0.0.1,localhost,$(HOST)
export PREFECT_API_URL NO_PROXY
export no_proxy := $(NO_PROXY)

.DEFAULT_GOAL := help
.PHONY: help build start-server start-worker deploy deploy-all trigger stop stop-pool resume-pool clean status logs test

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16
	@echo
	@echo "Settings: HOST=$(HOST) PORT=$(PORT) N=$(N) RUN_DIR=$(RUN_DIR) PREFECT=$(PREFECT)"

build: ## Install and build, where that is not done
	@[ -d node_modules ] || npm ci
	@npm run --silent build

start-server: ## Start a Prefect server on HOST:PORT and wait until it answers
	@mkdir -p $(RUN_DIR)
	@if scripts/process.sh running $(RUN_DIR)/server.pid; then echo "The server runs already."; exit 1; fi
	@node scripts/port-free.mjs $(HOST) $(PORT)
	@PREFECT_UI_API_URL=/api PREFECT_SERVER_ANALYTICS_ENABLED=false \
	  scripts/process.sh start $(RUN_DIR)/server.pid $(RUN_DIR)/server.log $(PREFECT) server start --host $(HOST) --port $(PORT)
	@scripts/process.sh wait $(RUN_DIR)/server.pid $(RUN_DIR)/server.log $(PREFECT_API_URL)/health
	@echo "Prefect: $(PREFECT_API_URL:/api=)"
	@$(if $(filter postgresql%,$(PREFECT_API_DATABASE_CONNECTION_URL)),:,echo "It keeps its data in SQLite, which does for one worker; for more, start it with SERVER_DB=postgresql+asyncpg://user:password@host/prefect")

start-worker: build ## Start N workers (N=1)
	@mkdir -p $(RUN_DIR)
	@for n in $$(seq 1 $(N)); do \
	  if scripts/process.sh running $(RUN_DIR)/worker-$$n.pid; then echo "Worker $$n runs already."; continue; fi; \
	  WORKER_NAME=$$(hostname)-$$n scripts/process.sh start $(RUN_DIR)/worker-$$n.pid $(RUN_DIR)/worker-$$n.log \
	    $(HARVESTER) worker || exit 1; \
	  echo "Worker $$(hostname)-$$n, log in $(RUN_DIR)/worker-$$n.log"; \
	done

deploy: build ## Register the deployments NAMES="a b"
	@[ -n "$(NAMES)" ] || { echo 'Name deployments: make deploy NAMES="harvest-all"'; exit 2; }
	$(HARVESTER) deploy $(NAMES)

deploy-all: build ## Register all deployments
	$(HARVESTER) deploy --all

trigger: build ## Enqueue a run of DEPLOYMENT (harvest-all)
	$(HARVESTER) trigger $(or $(DEPLOYMENT),harvest-all)

stop: ## Stop the workers, then the server
	@for pid in $(RUN_DIR)/worker-*.pid $(RUN_DIR)/server.pid; do \
	  [ -f "$$pid" ] || continue; scripts/process.sh stop $$pid || exit 1; \
	done

stop-pool: ## Pause the work pools: what runs goes on, nothing new begins (POOLS="harvest")
	@for pool in $(or $(POOLS),$(HARVEST_POOL) $(MAINTENANCE_POOL)); do $(PREFECT) work-pool pause $$pool || exit 1; done

resume-pool: ## Let the paused work pools go on
	@for pool in $(or $(POOLS),$(HARVEST_POOL) $(MAINTENANCE_POOL)); do $(PREFECT) work-pool resume $$pool || exit 1; done

status: ## Say what runs
	@for pid in $(RUN_DIR)/server.pid $(RUN_DIR)/worker-*.pid; do \
	  [ -f "$$pid" ] || continue; \
	  if scripts/process.sh running $$pid; then echo "running  $$(basename $$pid .pid)"; else echo "stopped  $$(basename $$pid .pid)"; fi; \
	done
	@node -e 'fetch(process.env.PREFECT_API_URL + "/health").then((r) => console.log(r.ok ? "answers " : "refuses ", process.env.PREFECT_API_URL), () => console.log("silent  ", process.env.PREFECT_API_URL))'

logs: ## Follow the logs of server and workers
	@tail -n 50 -F $(RUN_DIR)/*.log

clean: ## Remove what was built and the logs; data and the database stay
	@if ls $(RUN_DIR)/*.pid >/dev/null 2>&1; then echo "Something may run still: make stop"; exit 1; fi
	rm -rf dist test-results $(RUN_DIR)

test: ## Run the tests that need only Node
	npm test
