# docker build -t holdfast .
# docker run --rm -p 127.0.0.1:7433:7433 -v holdfast:/var/lib/holdfast holdfast
# By digest, so that a moved tag changes nothing. It is the index (amd64, arm64) that public repositories pinned for this
# tag in October 2026. For a newer one: docker buildx imagetools inspect node:24-bookworm-slim
FROM node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20 AS packages
WORKDIR /app
# Nothing is compiled: better-sqlite3 brings its binaries, and Node runs the TypeScript as it is.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=8 \
    MALLOC_ARENA_MAX=2 \
    NODE_COMPILE_CACHE=/var/lib/holdfast/compiled \
    HOLDFAST_HOME=/var/lib/holdfast \
    HOLDFAST_HEAD_FILE=/var/lib/holdfast-head/head \
    HOLDFAST_LOCK_FOLDER=/var/lib/holdfast/locks \
    HOLDFAST_HOST=0.0.0.0 \
    HOLDFAST_PORT=7433
# Inside the container every address is listened on, so the port must be published to loopback only (-p 127.0.0.1:…).
# Other containers call it by name: allow that name with HOLDFAST_ALLOWED_HOSTS.
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY scripts ./scripts
RUN ln -s scripts/holdfast.mjs holdfast
COPY daemon ./daemon
COPY migrations ./migrations
COPY policies ./policies
# Owned by root: the daemon's user can read code and policies, and write its two folders only.
# The ledger's head is noted in a volume of its own: who puts an older home back leaves that one as it is.
RUN install -d -o node -g node -m 0700 /var/lib/holdfast /var/lib/holdfast-head
USER node
VOLUME /var/lib/holdfast
VOLUME /var/lib/holdfast-head
EXPOSE 7433
# Answers without a token; `readyz` would restart a daemon that waits for its venue.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOLDFAST_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM closes within 2 s.
ENTRYPOINT ["node", "scripts/holdfast.mjs"]
CMD ["start"]
