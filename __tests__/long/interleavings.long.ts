import {it} from 'node:test';
import {runInterleavings} from '../helpers/interleavings';
import {seedOf} from './seed';

const ORDERS = 10_000;

it(`the rules of a connection hold in ${ORDERS} orders`, async () => {
  const seed = seedOf('interleavings');
  const {orders, ...counts} = await runInterleavings(ORDERS, seed, process.env.SEED_PATH);
  console.log(`interleavings: ${orders} orders`, counts);
});
