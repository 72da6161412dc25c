-- Refuses a round that is not of the shape that the header of advance says (BT040). Only its form:
-- what an attempt returned is looked at where it is stored, so that a refusal of data (22, 23, 54)
-- concerns one run and not the round.
-- Keys and kinds stand twice: written out, the look costs each round 2.4 µs, where the calls that
-- say the sentence take 6.2.
create or replace function baton.check_round(request jsonb) returns void
language plpgsql immutable
as $$
begin
  if jsonb_typeof(request) is distinct from 'object' or jsonb_typeof(request -> 'ttl_ms') is distinct from 'number'
    or request - '{ttl_ms,strict,checked,claim,steps,done,failed,failures,sleeps,timers,parks,released,blocked,attributes,waits,consumed,timeouts,asks,children,items,family,cancelled}'::text[] <> '{}' then
    perform baton.require_keys('the round', request, '{ttl_ms}',
      '{ttl_ms,strict,checked,claim,steps,done,failed,failures,sleeps,timers,parks,released,blocked,attributes,waits,consumed,timeouts,asks,children,items,family,cancelled}');
    perform baton.require_kind('the round', request, 'number', '{ttl_ms}');
  end if;
  if request ? 'steps' then
    perform baton.check_steps(request -> 'steps');
  end if;
  if request ? 'done' then
    perform baton.check_columns('what is done in the round', request -> 'done', '{run,place}');
  end if;
  if request ? 'claim' then
    perform baton.check_claim('the claim of the round', request -> 'claim', '{max,max_bytes}', '{max,max_bytes,low,manifest,columns,ttl_ms}');
  end if;
  -- Most rounds have nothing of what follows.
  if request - '{ttl_ms,strict,checked,claim,steps,done}'::text[] = '{}' then
    return;
  end if;
  if request ? 'failed' then
    perform baton.check_columns('what failed in the round', request -> 'failed', '{run,place,error}');
  end if;
  if request ? 'cancelled' then
    perform baton.check_columns('what was cancelled in the round', request -> 'cancelled', '{run,place}');
  end if;
  if request ? 'failures' then
    perform baton.require_rows('the failures of the round', request -> 'failures', '{run,place,node,attempt,age_ms,took_ms,delay_ms,error}', '{}');
  end if;
  if request ? 'sleeps' then
    perform baton.require_rows('the sleeps of the round', request -> 'sleeps', '{run,place,node,position,delay_ms}', '{attempt,bytes}');
  end if;
  if request ? 'timers' then
    perform baton.require_rows('the timers of the round', request -> 'timers', '{run,place,node,position,attempt,delay_ms}', '{}');
  end if;
  if request ? 'parks' then
    perform baton.require_rows('what the round parks', request -> 'parks', '{run,place,delay_ms}', '{bytes,queue}');
  end if;
  if request ? 'released' then
    perform baton.require_rows('what the round gives back', request -> 'released', '{run,place}', '{delay_ms}');
  end if;
  if request ? 'blocked' then
    perform baton.require_rows('what the round sets aside', request -> 'blocked', '{run,place,workflow,version,shape,reason}', '{}');
  end if;
  if request ? 'waits' then
    perform baton.require_rows('what the round parks for signals', request -> 'waits', '{run,place,delay_ms,bytes,names}', '{keys,queue}');
  end if;
  if request ? 'consumed' then
    perform baton.require_rows('the messages that the round takes', request -> 'consumed', '{run,place,n}', '{}');
  end if;
  if request ? 'timeouts' then
    perform baton.require_rows('the timeouts of the round', request -> 'timeouts', '{run,place,names}', '{keys}');
  end if;
  if request ? 'asks' then
    perform baton.require_rows('what the round asks of mail', request -> 'asks', '{run,place,names}', '{keys}');
  end if;
  if request ? 'children' then
    perform baton.require_rows('the runs that the round starts', request -> 'children', '{run,place,node,id,workflow,version,input}', '{attributes,delay_ms,detached}');
  end if;
  if request ? 'items' then
    perform baton.require_rows('the items that the round starts', request -> 'items', '{run,place,node,part,workflow,version,tolerated}', '{most}');
  end if;
  if request ? 'family' then
    perform baton.require_rows('the families of the round', request -> 'family', '{run,place}', '{awaits,redriven,repeats}');
  end if;
  if request ? 'attributes' then
    perform baton.require_rows('the attributes of the round', request -> 'attributes', '{run,place,patch}', '{}');
  end if;
end
$$;
