import {BindingKey} from '@loopback/core';
import {isObject} from '../common/objects';

// Applications need not have @loopback/security, and a copy of our own would have another symbol.

/** The key of `SecurityBindings.USER`. */
export const USER = BindingKey.create<object>('security.user');

/** Returns the `securityId` of a user profile. The symbol may be from any copy of @loopback/security. */
export function securityIdOf(user: unknown): string | number | undefined {
  for (
    let owner = user;
    isObject(owner);
    owner = Object.getPrototypeOf(owner) as unknown
  ) {
    const symbol = Object.getOwnPropertySymbols(owner).find(isSecurityId);
    if (symbol) return (user as Record<symbol, string | number | undefined>)[symbol];
  }
  return undefined;
}

function isSecurityId({description}: symbol): boolean {
  return description === 'securityId';
}
