import type { TSchema } from 'typebox';
import * as Type from '../built/typebox.js';

/** A value or null. The description stays at the top, where readers look for it. */
export function nullable<S extends TSchema>(schema: S) {
  const { description } = schema as { readonly description?: string };
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description });
}
