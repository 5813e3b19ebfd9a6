import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {describe, it} from 'node:test';
import {SocketClient} from 'loopback4-socket-client';
import {until} from '../../helpers/awaited';
import {hashOf} from '../../helpers/chunks';
import {ANA, BEN, givenExample, logIn, request, shipsOf} from '../../helpers/example';
import type {Example} from '../../helpers/example';

interface Position {
  ship: string;
  x: number;
  y: number;
}

interface MemberApi {
  positions(): AsyncIterable<Position>;
  photo(): {size: number; sha256: string};
}

interface AdminApi {
  getStatistics(): {records: number};
  deleteRecord(args: {id: number}): {deleted: boolean};
}

interface AdminEvents {
  confirm(args: {question: string}): boolean;
}

/** The client package's client, as the page of a user has it. */
async function givenPage<Api, Events extends object = object>(
  {url}: Example,
  user: object,
  namespace = '/',
) {
  const client = new SocketClient<Api, Events>(url + namespace, {
    credentials: await logIn(url, user),
  });
  await client.connect();
  return Object.assign(client, {[Symbol.asyncDispose]: () => client.close()});
}

const givenAdmin = (example: Example) =>
  givenPage<AdminApi, AdminEvents>(example, ANA, '/admin');

const DUNE = {ship: 'Dune', x: 1, y: 2};

describe('the live feed of the example application', () => {
  it('begins with the current positions, goes on with moves, and stops', async () => {
    await using example = await givenExample();
    await using ben = await givenPage<MemberApi>(example, BEN);
    const ships = await shipsOf(example);
    const seen: string[] = [];
    for await (const position of ben.call.positions()) {
      seen.push(position.ship);
      if (seen.length === 3) ships.move(DUNE);
      if (position.ship !== 'Dune') continue;
      assert.deepEqual(position, DUNE);
      break;
    }
    assert.deepEqual(seen.slice(0, 3), ['Amber', 'Birch', 'Coral']);
    await until(() => ships.watching() === 0);
  });

  it('is one JSON value a line over REST, and only for users', async () => {
    await using example = await givenExample();
    const {token} = await logIn(example.url, BEN);
    const abort = new AbortController();
    const response = await fetch(`${example.url}/positions`, {
      headers: {Authorization: `Bearer ${token}`},
      signal: abort.signal,
    });
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const [first] = (await firstText(response)).split('\n');
    assert.equal(JSON.parse(first).ship, 'Amber');
    abort.abort();
    const ships = await shipsOf(example);
    await until(() => ships.watching() === 0);
    assert.equal((await request(example.url, 'GET /positions')).status, 401);
  });
});

async function firstText(response: Response): Promise<string> {
  const {value} = await response.body!.getReader().read();
  return Buffer.from(value!).toString();
}

describe('the upload of the example application', () => {
  it('answers the size and the hash, and tells how far it is', async () => {
    await using example = await givenExample();
    await using ben = await givenPage<MemberApi>(example, BEN);
    const upload = randomBytes(2_000_000);
    const progress: number[] = [];
    const receipt = await ben.call.photo(undefined, {
      upload,
      onProgress: (sent, total) => {
        assert.equal(total, upload.length);
        progress.push(sent);
      },
    });
    assert.deepEqual(receipt, {size: upload.length, sha256: hashOf([upload])});
    assert(progress.length > 2);
    assert.equal(progress.at(-1), upload.length);
  });

  it('refuses what is no file', async () => {
    await using example = await givenExample();
    await using ben = await givenPage<MemberApi>(example, BEN);
    const text = ben.call.photo(undefined, {upload: ['not bytes']});
    await assert.rejects(text, {statusCode: 400, message: 'Send bytes.'});
    await assert.rejects(ben.call.photo(), {statusCode: 400});
  });
});

describe('the question of the example application', () => {
  it('deletes a record when the admin says yes, on any page, and over REST alike', async () => {
    await using example = await givenExample();
    await using ana = await givenAdmin(example);
    await using other = await givenAdmin(example);
    const answers = [false, true, true];
    const questions: string[] = [];
    let cancelled = 0;
    other.answer('confirm', (_args, {signal}) => {
      signal.addEventListener('abort', () => cancelled++);
      return new Promise(() => undefined);
    });
    ana.answer('confirm', ({question}) => {
      questions.push(question);
      return answers.shift()!;
    });
    assert.deepEqual(await ana.call.deleteRecord({id: 1}), {deleted: false});
    assert.deepEqual(await ana.call.deleteRecord({id: 1}), {deleted: true});
    const token = await logIn(example.url, ANA);
    const overRest = await request(example.url, 'DELETE /records/2', token);
    assert.deepEqual(overRest, {status: 200, body: {deleted: true}});
    assert.equal((await ana.call.getStatistics()).records, 27);
    assert.equal(questions.length, 3);
    assert.equal(questions[0], questions[1]);
    assert.match(questions[0], /^Delete ".+"\?$/);
    await until(() => cancelled === 3);
  });

  it('deletes nothing when no page is open, or the answer is an error', async () => {
    await using example = await givenExample();
    const token = await logIn(example.url, ANA);
    const nobody = await request(example.url, 'DELETE /records/1', token);
    assert.equal(nobody.status, 404);
    assert.equal(nobody.body.error.code, 'NOBODY_THERE');
    await using ana = await givenAdmin(example);
    ana.answer('confirm', () => 'yes' as never);
    await assert.rejects(ana.call.deleteRecord({id: 1}), {code: 'BAD_ANSWER'});
    await assert.rejects(ana.call.deleteRecord({id: 99}), {code: 'ENTITY_NOT_FOUND'});
    assert.equal((await ana.call.getStatistics()).records, 29);
  });
});
