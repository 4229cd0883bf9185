/** What a route's schema says to readers; the daemon itself makes nothing of it. As the generator of OpenAPI declares it. */
declare module 'fastify' {
  interface FastifySchema {
    hide?: boolean;
    tags?: readonly string[];
    description?: string;
    summary?: string;
    security?: ReadonlyArray<{ [securityLabel: string]: readonly string[] }>;
  }
}

export interface RouteText {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
}
