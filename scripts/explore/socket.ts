import type { Dispatcher } from 'undici';
import type { TimePort } from '../../daemon/time/time-port.ts';
import {
  exchangeOnce,
  type HttpAnswer,
  type HttpExchange,
  type HttpRequest,
} from '../../daemon/venue/wire/transport.ts';

/** How a request gets to a socket: `begin` says whether it may still be written. */
export type Carry = (request: HttpRequest, begin: () => boolean) => Promise<HttpAnswer>;

/** The venue module's own transport, with connections that lead to a wire: they call its handler as undici does. */
export function overSockets(carry: Carry, time: TimePort): HttpExchange {
  return (request) => exchangeOnce(connectionOf(request, carry), request, time);
}

function connectionOf(request: HttpRequest, carry: Carry): Dispatcher {
  const dispatch = (_options: unknown, handler: Dispatcher.DispatchHandler): boolean => {
    let isAborted = false;
    const controller = {
      abort: () => {
        isAborted = true;
      },
    } as unknown as Dispatcher.DispatchController;
    const begin = (): boolean => {
      handler.onRequestStart?.(controller, undefined);
      return !isAborted;
    };
    carry(request, begin).then(
      ({ headers, status, text }) => {
        if (isAborted) return;
        handler.onResponseStart?.(controller, status, { ...headers, Date: ['today', 'or so'] }, '');
        const body = Buffer.from(text, 'utf8');
        const half = body.length >> 1;
        for (const chunk of [body.subarray(0, half), body.subarray(half)]) handler.onResponseData?.(controller, chunk);
        handler.onResponseEnd?.(controller, {});
      },
      (error: Error) => handler.onResponseError?.(controller, error),
    );
    return true;
  };
  return { dispatch } as unknown as Dispatcher;
}
