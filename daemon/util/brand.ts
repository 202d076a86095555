/** A primitive that the compiler keeps apart from other primitives of the same type. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };
