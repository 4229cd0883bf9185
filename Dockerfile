# docker build -t holdfast .
# docker run --rm -p 127.0.0.1:7433:7433 -v holdfast:/var/lib/holdfast holdfast
FROM node:20-bookworm AS build
WORKDIR /app
# The compiler and headers of this image build better-sqlite3 where no prebuilt binary fits.
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts ./scripts
COPY daemon ./daemon
RUN node scripts/build.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    HOLDFAST_HOME=/var/lib/holdfast \
    HOLDFAST_HOST=0.0.0.0 \
    HOLDFAST_PORT=7433
# Inside the container every address is listened on, so the port must be published to loopback only (-p 127.0.0.1:…).
# Other containers call it by name: allow that name with HOLDFAST_ALLOWED_HOSTS.
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY policies ./policies
# Owned by root: the daemon's user can read code and policies, and write its home folder only.
RUN install -d -o node -g node -m 0700 /var/lib/holdfast
USER node
VOLUME /var/lib/holdfast
EXPOSE 7433
# Answers without a token; `readyz` would restart a daemon that waits for its venue.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOLDFAST_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM closes within 2 s.
ENTRYPOINT ["node", "dist/daemon/cli/main.js"]
CMD ["start"]
