import {MethodDecoratorFactory} from '@loopback/core';
import type {MetadataAccessor} from '@loopback/core';

/**
 * Lets a method be decorated more than once. Decorating an inherited method again replaces what the
 * base class said of it.
 */
export class HandlerDecoratorFactory<T extends object> extends MethodDecoratorFactory<
  T[]
> {
  protected override mergeWithInherited(
    inherited: Record<string, T[]> | undefined,
    target: object,
    member: string,
  ): Record<string, T[]> {
    return {...inherited, [member]: this.withTarget([...this.spec], target)};
  }

  protected override mergeWithOwn(
    own: Record<string, T[] | undefined>,
    target: object,
    member: string,
  ): Record<string, T[]> {
    // The first decorator of a subclass copied the base class's entries of every member.
    const entries = own[member] ?? [];
    const mine = this.getTarget(entries) === target ? entries : [];
    const merged = this.withTarget([...mine, ...this.spec], target);
    return {...own, [member]: merged} as Record<string, T[]>;
  }

  static create<T extends object>(
    key: MetadataAccessor<T[], MethodDecorator>,
    spec: T,
    decoratorName: string,
  ): MethodDecorator {
    return (target, member, descriptor) => {
      if (typeof target === 'function') {
        throw new Error(
          `${decoratorName} is for methods of instances: ${target.name}.${String(member)} is static. ` +
            'Remove "static", or pass {model, method} to the server instead.',
        );
      }
      const factory = new HandlerDecoratorFactory<T>(key.toString(), [spec], {
        decoratorName,
      });
      factory.create()(target, member, descriptor);
    };
  }
}
