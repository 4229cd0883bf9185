import type { FastifyInstance } from 'fastify';

/** The methods of each path, to tell 405 from 404. */
export interface RouteBook {
  /** Method and pattern of each: `GET /v1/orders`. */
  list(): readonly string[];
  methodsOf(url: string): readonly string[];
}

/** Records the routes that are added to `app` from now on. */
export function createRouteBook(app: FastifyInstance): RouteBook {
  const routes: { readonly parts: readonly string[]; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', (route) => {
    const methods = Array.isArray(route.method) ? route.method : [route.method];
    routes.push({ parts: route.url.split('/'), methods });
  });
  return {
    list: () => routes.flatMap(({ methods, parts }) => methods.map((method) => `${method} ${parts.join('/')}`)),
    methodsOf(url) {
      const parts = (url.split('?', 1)[0] ?? '').split('/');
      const found = routes.filter((route) => matches(route.parts, parts)).flatMap((route) => route.methods);
      return [...new Set(found)];
    },
  };
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false;
  return pattern.every((part, index) => (part.startsWith(':') ? parts[index] !== '' : part === parts[index]));
}
