import assert from 'node:assert/strict';
import {it} from 'node:test';
import {seedOf} from '../../../__tests__/long/seed';
import {runUploadsOnce} from '../helpers/uploads-once';

const UPLOADS = Number(process.env.UPLOADS ?? 1000);
const CUTS = Number(process.env.CUTS ?? 1000);
const CLIENTS = 20;

it(`${UPLOADS} uploads of ${CLIENTS} clients arrive once, as they were, over ${CUTS} cuts of the network`, async () => {
  const counts = await runUploadsOnce(
    {uploads: UPLOADS, clients: CLIENTS, cuts: CUTS},
    seedOf('uploads-once'),
  );
  console.log('uploads once:', counts);
  assert.ok(counts.uploads >= UPLOADS && counts.cuts >= CUTS);
});
