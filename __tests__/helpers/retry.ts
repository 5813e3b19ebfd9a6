import type {Answer, TestClient} from './client';

/** The longest time of a change, in ms. */
const PATIENCE = 5000;

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
  const end = Date.now() + PATIENCE;
  let answer: Answer;
  do {
    answer = await client.call(name, ...args);
    if (accept(answer)) return answer;
  } while (Date.now() < end);
  throw new Error(`"${name}" still answers ${JSON.stringify(answer)}.`);
}

/** The method can be called. */
export const isResult = (answer: Answer) => answer.error === undefined;

/** There is no such method. */
export const isMissing = (answer: Answer) => answer.error?.statusCode === 404;
