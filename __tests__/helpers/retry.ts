import type {Answer, TestClient} from './client';

/**
 * Calls again and again until an answer is accepted. For changes that take effect by and by: each
 * answer is waited for, so the server has time to work in between.
 */
export async function callUntil(
  client: TestClient,
  accept: (answer: Answer) => boolean,
  name: string,
  ...args: unknown[]
): Promise<Answer> {
  for (;;) {
    const answer = await client.call(name, ...args);
    if (accept(answer)) return answer;
  }
}

/** The method can be called. */
export const isResult = (answer: Answer) => answer.error === undefined;

/** There is no such method. */
export const isMissing = (answer: Answer) => answer.error?.statusCode === 404;
