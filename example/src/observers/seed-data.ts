import type {NewUser} from '../services';

export const SEED_USERS: readonly NewUser[] = [
  {name: 'Ana', email: 'ana@example.com', password: 'ana-secret', role: 'admin'},
  {name: 'Ben', email: 'ben@example.com', password: 'ben-secret', role: 'member'},
];

export const SEED_RECORDS: readonly {name: string; type: string}[] = [
  {name: 'Amber Gate', type: 'lighthouse'},
  {name: 'Bell Rock Inn', type: 'inn'},
  {name: 'Copper Lane', type: 'street'},
  {name: 'Drift Harbour', type: 'harbour'},
  {name: 'Elm Crossing', type: 'bridge'},
  {name: 'Fern Hollow', type: 'park'},
  {name: 'Gull Point', type: 'lighthouse'},
  {name: 'Hazel Steps', type: 'street'},
  {name: 'Iron Weir', type: 'bridge'},
  {name: 'Juniper Green', type: 'park'},
  {name: 'Kestrel Arms', type: 'inn'},
  {name: 'Lantern Quay', type: 'harbour'},
  {name: 'Mill Row', type: 'street'},
  {name: 'Northlight', type: 'lighthouse'},
  {name: 'Otter Bridge', type: 'bridge'},
  {name: 'Pilot House', type: 'inn'},
  {name: 'Quarry Park', type: 'park'},
  {name: 'Rope Walk', type: 'street'},
  {name: 'Salt Basin', type: 'harbour'},
  {name: 'Thistle Down', type: 'park'},
  {name: 'Umber Court', type: 'street'},
  {name: 'Viaduct End', type: 'bridge'},
  {name: 'Willow Bank', type: 'park'},
  {name: 'Xebec Pier', type: 'harbour'},
  {name: 'Yarrow Inn', type: 'inn'},
  {name: 'Zephyr Head', type: 'lighthouse'},
  {name: 'Three Wells', type: 'street'},
  {name: 'Long Ferry', type: 'harbour'},
  {name: 'Old Crown', type: 'inn'},
];
