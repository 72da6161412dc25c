-- Refuses what JavaScript would not give back as it is (BT051), which nobody would notice: numbers
-- that no double holds, nesting over 64, and the key __proto__. The detail is the JSON pointer of
-- the number. Baton's own client has looked at what it sends, so this is not called for it.
-- what: how a sentence calls an entry, with %s for its number.
-- A number passes when the double that it becomes is written as the same decimal value. JSONB
-- writes numbers in full, and up to 15 digits are always held: only a text with 16 digits and
-- points in a row is looked at.
create or replace function baton.refuse_unfaithful(inputs jsonb, what text) returns void
language plpgsql stable set extra_float_digits = 1
as $$
declare
  input jsonb;
  nth integer;
  number numeric;
  pointer text;
  place text;
begin
  for input, nth in select i.input, i.nth - 1 from jsonb_array_elements(inputs) with ordinality as i (input, nth) loop
    place := format(what, nth);
    if input @? 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")' then
      raise exception 'there is nesting deeper than 64 in %', place
        using errcode = 'BT051', hint = 'Store the data elsewhere and pass a reference to it.';
    end if;
    if input @? '$.**.__proto__' then
      raise exception 'there is a key __proto__ in %', place using errcode = 'BT051', hint = 'Use another key.';
    end if;
    continue when input::text !~ '[0-9][0-9.]{15}';
    for number in select (n #>> '{}')::numeric from jsonb_path_query(input, 'strict $.** ? (@.type() == "number")') as n loop
      continue when baton.is_double(number);
      pointer := baton.find_pointer(input, to_jsonb(number));
      raise exception 'the number at "%" of % would come back as another one, because a double cannot hold it', pointer, place
        using errcode = 'BT051', detail = pointer, hint = 'Send it as a string.';
    end loop;
  end loop;
end
$$;
