import Type, { type TSchema } from 'typebox';

/** A value or null; the description stays where readers look for it. */
export function nullable<S extends TSchema>(schema: S) {
  const { description } = schema as { readonly description?: string };
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description });
}
