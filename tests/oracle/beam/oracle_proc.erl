%% Processes that link, monitor, call and exit as they are told.
-module(oracle_proc).
-export([do/2]).

%% Steps of processes. What they lead to is noted by the processes themselves; their ends by this.

do(<<"proc">>, [Name | How]) ->
    Trap = lists:member(<<"trap">>, How),
    Called = [binary_to_atom(Alias) || <<"name=", Alias/binary>> <- How],
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> start(Self, Name, Trap, Called) end),
    receive
        {up, Pid} -> demonitor(Ref, [flush]), watch(Name, Pid), "ok";
        {'DOWN', Ref, _, _, _} -> "taken"
    end;
do(<<"trap">>, [P]) -> run(P, fun() -> process_flag(trap_exit, true), ok end);
do(<<"link">>, [P, Q]) -> run(P, fun() -> link(pid(Q)), ok end);
do(<<"link_name">>, [P, Alias]) ->
    run(P, fun() ->
        case whereis(binary_to_atom(Alias)) of
            undefined -> link(pid(<<"nobody">>));
            Pid -> link(Pid)
        end,
        ok
    end);
do(<<"unlink">>, [P, Q]) ->
    run(P, fun() ->
        Pid = pid(Q),
        unlink(Pid),
        forget(Pid)
    end);
do(<<"monitor">>, [P, Q, Ref]) ->
    run(P, fun() -> put({ref, Ref}, monitor(process, pid(Q))), ok end);
do(<<"monitor_name">>, [P, Alias, Ref]) ->
    run(P, fun() -> put({ref, Ref}, monitor(process, binary_to_atom(Alias))), ok end);
do(<<"demonitor">>, [P, Ref]) ->
    run(P, fun() ->
        Active = demonitor(get({ref, Ref}), [flush, info]),
        say(["demonitor ", Ref, " ", atom_to_list(Active)])
    end);
do(<<"exit">>, [P, Q, Reason]) -> run(P, fun() -> exit(pid(Q), binary_to_atom(Reason)), ok end);
do(<<"exits">>, [P, First, Second]) ->
    Pid = pid(P),
    exit(Pid, binary_to_atom(First)),
    exit(Pid, binary_to_atom(Second)),
    ok;
do(<<"leave">>, [P, Reason]) ->
    Exit = case Reason of
               <<"shutdown+">> -> {shutdown, done};
               _ -> binary_to_atom(Reason)
           end,
    run(P, fun() -> exit(Exit) end);
do(<<"tell">>, [P, Q | Words]) -> run(P, fun() -> [pid(Q) ! {text, Word} || Word <- Words], ok end);
%% All that it is told, and then it ends.
do(<<"tell_and_leave">>, [P, Q, Reason | Words]) ->
    run(P, fun() -> [pid(Q) ! {text, Word} || Word <- Words], exit(binary_to_atom(Reason)) end);
do(<<"hold">>, [P]) -> run(P, fun() -> receive free -> ok end end);
do(<<"free">>, [P]) -> pid(P) ! free, ok;
do(<<"call">>, [P, Q, What, Time]) ->
    run(P, fun() -> called(Q, fun() -> gen_server:call(pid(Q), What, limit(Time)) end) end);
do(<<"call_name">>, [P, Alias, What, Time]) ->
    Name = binary_to_atom(Alias),
    run(P, fun() -> called(Alias, fun() -> gen_server:call(Name, What, limit(Time)) end) end);
do(<<"join">>, [P, Group]) -> pg:join(Group, pid(P)), ok;
do(<<"part">>, [P, Group]) -> word(pg:leave(Group, pid(P)));
do(<<"members">>, [Group]) ->
    Names = lists:sort([element(2, hd(ets:lookup(names, Pid))) || Pid <- pg:get_members(Group)]),
    ["[", lists:join(" ", Names), "]"].

run(P, What) -> pid(P) ! {run, What}, ok.

pid(Name) ->
    case ets:lookup(names, Name) of
        [{_, Pid}] -> Pid;
        [] -> dead()
    end.

%% Exits that have come already: gaggle's unlink drops them, as its demonitor does.
forget(Pid) -> receive {'EXIT', Pid, _} -> forget(Pid) after 0 -> ok end.

%% A process that is gone.
dead() ->
    {Pid, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, _, _, _} -> Pid end.

%% Notes how it ends.
watch(Name, Pid) ->
    spawn(fun() ->
        Ref = monitor(process, Pid),
        receive {'DOWN', Ref, _, _, Why} -> oracle:note([Name, " ends(", oracle:word(Why), ")"]) end
    end).

limit(<<"never">>) -> infinity;
limit(Time) -> binary_to_integer(Time).

word(Word) when is_atom(Word) -> atom_to_list(Word).

%% What runs in a process.

start(By, Name, Trap, Called) ->
    [register(Alias, self()) || Alias <- Called],
    process_flag(trap_exit, Trap),
    put(name, Name),
    oracle:enter(Name, self()),
    By ! {up, self()},
    loop().

loop() ->
    receive
        {run, What} -> What();
        {text, Word} -> say(["gets ", Word]);
        {'EXIT', From, Why} -> say(["hears exit(", name(From), " ", oracle:word(Why), ")"]);
        {'DOWN', Ref, _, Who, Why} ->
            [Key] = [Key || {{ref, Key}, Its} <- get(), Its =:= Ref],
            say(["hears down(", Key, " ", name(Who), " ", oracle:word(Why), ")"]);
        {'$gen_call', From, What} -> serve(What, From);
        {reply, From, What} -> gen_server:reply(From, What);
        Other -> say(["gets ", io_lib:format("~0p", [Other])])
    end,
    loop().

say(Line) -> oracle:note([get(name), " ", Line]).

name({Alias, _}) -> atom_to_list(Alias);
name(Pid) ->
    case ets:lookup(names, Pid) of
        [{_, Name}] -> Name;
        [] -> "nobody"
    end.

serve(<<"echo">>, From) -> gen_server:reply(From, ok);
serve(<<"never">>, From) -> put({kept, From}, true);
serve(<<"late:", Time/binary>>, From) ->
    erlang:send_after(binary_to_integer(Time), self(), {reply, From, late});
serve(<<"via:", Other/binary>>, From) -> pid(Other) ! {reply, From, ok};
serve(<<"leave:", Reason/binary>>, _) -> exit(binary_to_atom(Reason)).

called(Whom, Call) ->
    Got = try word(Call())
          catch exit:{Why, {gen_server, call, _}} -> oracle:word(Why)
          end,
    say(["called ", Whom, ": ", Got]).
