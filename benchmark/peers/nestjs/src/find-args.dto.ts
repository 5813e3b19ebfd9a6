import {Type} from 'class-transformer';
import {IsNumber, IsString, ValidateNested} from 'class-validator';

export class FilterDto {
  @IsString()
  name: string;
}

export class FindArgsDto {
  @IsNumber()
  skip: number;

  @IsNumber()
  limit: number;

  @ValidateNested()
  @Type(() => FilterDto)
  filter: FilterDto;
}
