import {MethodDecoratorFactory} from '@loopback/core';
import type {MetadataAccessor} from '@loopback/core';

/**
 * Lets a method have a decorator more than once. The decorators of an overriding method replace those of the
 * base class.
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
    // The first decorator of a subclass has copied the base class's entries of every member.
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
          `${decoratorName} cannot decorate the static method ${target.name}.${String(member)}. ` +
            'Remove `static`, or pass {model, method} to the server instead.',
        );
      }
      const factory = new HandlerDecoratorFactory<T>(key.toString(), [spec], {
        decoratorName,
      });
      factory.create()(target, member, descriptor);
    };
  }
}
