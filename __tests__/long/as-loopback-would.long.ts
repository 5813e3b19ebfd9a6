import {it} from 'node:test';
import {compareAll} from '../helpers/differential/compare-all';

it('each call gives what LoopBack gives', context => compareAll(context, 1));
