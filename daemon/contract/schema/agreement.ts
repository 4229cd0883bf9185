import type { Static, TSchema } from 'typebox';

/** What a schema describes, as it is read: nothing is writable. */
export type Body<Schema extends TSchema> = DeepReadonly<Static<Schema>>;

export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
type Assignable<From, To> = [From] extends [To] ? true : false;
/** Compile-time proof that a schema and a type of core describe the same data: true iff both are assignable to each other once nothing is writable. */
export type Agree<FromSchema, Written> =
  Assignable<DeepReadonly<FromSchema>, DeepReadonly<Written>> extends true
    ? Assignable<DeepReadonly<Written>, DeepReadonly<FromSchema>>
    : false;
