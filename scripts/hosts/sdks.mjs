/** `npm run test:sdks`: the examples of the agent SDKs in the SDKs' own packages. The first run brings 610 MB. */
import { isSupportedNode } from '../node-line.mjs';
import { runForeign } from './run.mjs';

process.exitCode = runForeign({
  name: 'sdks-2026.12',
  packages: {
    '@anthropic-ai/claude-agent-sdk': {
      version: '0.3.332',
      integrity: 'sha512-N0ejnrTLMNJYXkvhdmLEy8QSfjym2ljJCkUBCrLKesYNGgqooi8zHDHawNsi+An6zav/ImPnpi27sbRsRjfcOw==',
    },
    '@openai/agents': {
      version: '0.20.0',
      integrity: 'sha512-k3fm1qJ5VjYvBI1juwZGDdhtpd7CZqJlt+6zIMcmzHD1mIQoW9HhXN8Wv9G9PpemWz9ykaxj6CIQkY8kMAuWjA==',
    },
    ai: {
      version: '7.0.173',
      integrity: 'sha512-dLea37zT1h7cjkUsBprU4Rq35HJqhtHHaq1jTAXjHQoyfpeswpgCrhjZJWdWc10gjEAxmz114py7iLGQ3xIMxw==',
    },
    '@ai-sdk/openai-compatible': {
      version: '3.0.92',
      integrity: 'sha512-2gV7HHV4qpx+8GotOZMmGqY270ExkftwFG5+DM6nChLmRaP6WP9JKj4e9WjLhih/GsPL9dSGnZHzwCsofHwiAQ==',
    },
    langchain: {
      version: '1.5.14',
      integrity: 'sha512-/orHDk5xbNSIJc9UhwmxFYHXbr/3RaBeQ3zX0xovEWfPg7Lmj8EJCMOXIUTCe2UtsFgfbyWtlwh51NM562LnZQ==',
    },
    '@langchain/core': {
      version: '1.4.0',
      integrity: 'sha512-4FLE0OoPu4hFFcGX4ep3o/BWTXVcE0hQroxB9z3PzWKqZV9+WAqlqmH30We6YUFMMc/1Vzkfa/q+PTioaAkoDw==',
    },
    '@langchain/openai': {
      version: '1.6.0',
      integrity: 'sha512-jSIn2q47QniLEI/lk5McJ21yMV+8ea7PQmlHeZ750clyhw+SS3nI+8Jpb73bUBZazGDgFOata/6hSXljeyNiag==',
    },
    zod: {
      version: '4.6.7',
      integrity: 'sha512-g8W2D2kU6a8untc053fX1uVBKzM7yqAxW/3zwk83+6RyF2+SKOuV+c0wBDhUwzV1PaGapmZH+rmcUzPf+3CGwg==',
    },
  },
  /** `engines` of @ai-sdk and @langchain: >=22. */
  runs: isSupportedNode,
  tests: 'test/hosts/sdks/real-sdks.ts',
});
