/** Compile-time proof that a schema and a type of core (or of the gate) describe the same data. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
type Assignable<From, To> = [From] extends [To] ? true : false;
/** True iff both are assignable to each other once nothing is writable. */
export type Agree<FromSchema, Written> =
  Assignable<DeepReadonly<FromSchema>, DeepReadonly<Written>> extends true
    ? Assignable<DeepReadonly<Written>, DeepReadonly<FromSchema>>
    : false;
