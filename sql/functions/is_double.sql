-- Whether the double that a number becomes is written by JavaScript as the same decimal value.
-- Beyond the ends, the cast would raise. Postgres does not write a number that lies exactly between
-- two doubles, JavaScript does where it is the shorter one.
create or replace function baton.is_double(number numeric) returns boolean
language sql immutable
as $$
  select case
    when number = 0 then true
    when abs(number) not between 5e-324 and 1.7976931348623157e308 then false
    else (
      select written = number or baton.count_digits(number) < baton.count_digits(written)
      from (select (number::text::float8)::text::numeric as written offset 0) as double)
  end
$$;
