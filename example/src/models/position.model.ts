import {model, property} from '@loopback/repository';

/** The place of a ship on a map that is 100 wide and 60 high. */
@model()
export class Position {
  @property({type: 'string', required: true})
  ship: string;

  @property({type: 'number', required: true})
  x: number;

  @property({type: 'number', required: true})
  y: number;
}
