# The image of `harvester`: worker, API, migrations and one-shot commands.
#   docker build --build-arg GIT_SHA=$(git rev-parse --short=12 HEAD) -t erddap-harvester .
ARG NODE_VERSION=24

# Everything here is JavaScript: it is built once, on the machine's own processor, for whichever the image is for.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-slim AS build
WORKDIR /opt/harvester
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY bin bin
COPY config config
COPY src src
RUN npm run build -- --force
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:${NODE_VERSION}-slim
WORKDIR /opt/harvester
# A fixed user, so that the owner of volumes is known: chown -R 10001:10001 where a folder of the host is mounted.
RUN groupadd --gid 10001 harvester \
  && useradd --uid 10001 --gid 10001 --home-dir /opt/harvester --no-create-home --shell /usr/sbin/nologin harvester \
  && mkdir -p harvest logs .cache .data \
  && chown 10001:10001 harvest logs .cache .data
COPY --from=build /opt/harvester/node_modules node_modules
COPY --from=build /opt/harvester/dist dist
COPY bin bin
COPY config config
COPY package.json LICENSE ./
# Which harvest configuration is inside, a file of config/: none unless it is named, so that nothing is harvested that
# nobody configured. HARVEST_CONFIG_YAML, HARVEST_CONFIG_B64 and HARVEST_CONFIG_FILE win over it.
ARG BAKED_HARVEST_CONFIG=""
RUN mv config/harvest.yaml config/harvest.yaml.built 2>/dev/null || true; \
  case "${BAKED_HARVEST_CONFIG}" in \
    "") ;; \
    config/harvest.yaml) mv config/harvest.yaml.built config/harvest.yaml ;; \
    *) cp "${BAKED_HARVEST_CONFIG}" config/harvest.yaml ;; \
  esac; \
  rm -f config/harvest.yaml.built
ARG GIT_SHA=""
ARG BUILD_TIME=""
ENV NODE_ENV=production \
  HARVESTER_HTTP_HOST=0.0.0.0 \
  GIT_SHA=${GIT_SHA} \
  BUILD_TIME=${BUILD_TIME}
LABEL org.opencontainers.image.title="erddap-harvester" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.revision="${GIT_SHA}" \
  org.opencontainers.image.created="${BUILD_TIME}"
USER 10001:10001
EXPOSE 8098
VOLUME ["/opt/harvester/harvest", "/opt/harvester/logs", "/opt/harvester/.cache"]
STOPSIGNAL SIGTERM
# For `start` and `serve`; a worker alone is asked by `harvester worker --check` (see docker-compose.yml).
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HARVESTER_HTTP_PORT || 8098}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# In exec form: signals reach node, not a shell.
ENTRYPOINT ["node", "/opt/harvester/bin/harvester.js"]
CMD ["start"]
