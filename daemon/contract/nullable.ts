import Type, { type TSchema } from 'typebox';

/** A value or null. The description stays at the top, where readers look for it. */
export function nullable<S extends TSchema>(schema: S) {
  const { description } = schema as { readonly description?: string };
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description });
}
