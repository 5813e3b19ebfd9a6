import {model, property} from '@loopback/repository';

@model()
export class FilterModel {
  @property({type: 'string', required: true})
  name: string;
}

@model()
export class FindArgsModel {
  @property({type: 'number', required: true})
  skip: number;

  @property({type: 'number', required: true})
  limit: number;

  @property({type: FilterModel, required: true})
  filter: FilterModel;
}
