import {MiddlewareSequence} from '@loopback/rest';

export class ExampleSequence extends MiddlewareSequence {}
