export function copyMethods(
  type: new (...args: never[]) => object,
  count: number,
  decorate: (prototype: object, name: string, descriptor: PropertyDescriptor) => unknown,
): void;
