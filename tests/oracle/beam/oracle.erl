%% Runs scenarios on a BEAM and writes down what happens: see ../README.md.
%% This file reads scenarios and does their steps; the other modules are what is driven.
-module(oracle).
-export([main/2, note/1, enter/2, counted/1, word/1]).

main(In, Out) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    {ok, _} = pg:start_link(),
    [ets:new(Table, [named_table, public, Kind])
     || {Table, Kind} <- [{log, ordered_set}, {names, set}, {starts, set}]],
    {ok, Text} = file:read_file(In),
    Lines = [binary:split(Line, <<" ">>, [global, trim_all])
             || Line <- binary:split(Text, <<"\n">>, [global])],
    Logs = [scenario(Scenario) || Scenario <- scenarios(Lines)],
    ok = file:write_file(Out, Logs),
    erlang:halt(0).

scenarios([]) -> [];
scenarios([[<<"scenario">>, Name] | Lines]) ->
    {Mine, Rest} = lists:splitwith(fun([<<"scenario">> | _]) -> false; (_) -> true end, Lines),
    Words = [Line || [First | _] = Line <- Mine, binary:first(First) =/= $#],
    [{Name, Words} | scenarios(Rest)];
scenarios([_ | Lines]) -> scenarios(Lines).

scenario({Name, Lines}) ->
    [ets:delete_all_objects(Table) || Table <- [log, names, starts]],
    {Declared, Steps} = lists:splitwith(fun([Verb | _]) -> declares(Verb) end, Lines),
    Specs = [oracle_sup:parse(Line) || Line <- Declared],
    put(specs, Specs),
    erase(root),
    Logs = [step(Step) || Step <- Steps ++ [[<<"close">>]]],
    ["scenario ", Name, "\n", Logs].

declares(Verb) -> lists:member(Verb, [<<"sup">>, <<"worker">>, <<"dynamic">>]).

step([Verb | Words]) ->
    Result = do(Verb, Words),
    quiet(),
    State = state(),
    quiet(),
    Lines = [[Line, "\n"] || {_, Line} <- ets:tab2list(log)],
    ets:delete_all_objects(log),
    ["> ", lists:join(" ", [Verb | Words]), "\n", Lines,
     [["= ", Result, "\n"] || Result =/= ok], State].

%% Nothing can run any more: there is one scheduler, and this process is all it has.
quiet() -> quiet(4).
quiet(0) -> ok;
quiet(N) ->
    erlang:yield(),
    case erlang:statistics(run_queue) of
        0 -> quiet(N - 1);
        _ -> quiet(4)
    end.

%% What the modules that are driven call.

note(Line) ->
    ets:insert(log, {erlang:unique_integer([monotonic]), Line}),
    ok.

enter(Name, Pid) -> ets:insert(names, [{Name, Pid}, {Pid, Name}]).

%% How many times it has been started, this one included.
counted(Name) -> ets:update_counter(starts, Name, 1, {Name, 0}).

word({shutdown, _}) -> "shutdown+";
word({Reason, Where}) when is_list(Where) -> word(Reason);
word(Reason) when is_atom(Reason) -> atom_to_list(Reason);
word(Reason) -> io_lib:format("~0p", [Reason]).

%% Steps of trees.

do(<<"boot">>, []) ->
    [Root | _] = get(specs),
    case oracle_sup:start_link(Root, get(specs)) of
        {ok, Pid} -> put(root, Pid), "ok";
        {error, {shutdown, {failed_to_start_child, Id, Why}}} -> ["failed ", Id, " ", word(Why)];
        {error, _} -> "invalid"
    end;
do(<<"crash">>, [Name]) -> tell(Name, crash);
do(<<"end">>, [Name, Reason]) -> tell(Name, reason(Reason));
do(<<"kill">>, [Name]) ->
    case pid(Name) of
        none -> "nobody";
        Pid -> exit(Pid, kill), ok
    end;
do(<<"stop_child">>, [Sup, Name]) ->
    asked(Sup, fun(S) -> supervisor:terminate_child(S, Name) end);
do(<<"restart_child">>, [Sup, Name]) ->
    asked(Sup, fun(S) -> supervisor:restart_child(S, Name) end);
do(<<"delete_child">>, [Sup, Name]) ->
    asked(Sup, fun(S) -> supervisor:delete_child(S, Name) end);
do(<<"add">>, Words) ->
    #{in := Sup} = Spec = oracle_sup:parse(Words),
    asked(Sup, fun(S) -> supervisor:start_child(S, oracle_sup:child(Spec, [])) end);
do(<<"start_dynamic">>, [Sup, Name]) -> do(<<"start_dynamic">>, [Sup, Name, <<"starts=.">>]);
do(<<"start_dynamic">>, [Sup, Name, Starts]) ->
    Spec = oracle_sup:parse([<<"worker">>, Name, Starts]),
    asked(Sup, fun(S) -> supervisor:start_child(S, [Spec]) end);
do(<<"stop_dynamic">>, [Sup, Name]) ->
    case ets:lookup(names, Name) of
        [] -> "nobody";
        [{_, Pid}] -> asked(Sup, fun(S) -> supervisor:terminate_child(S, Pid) end)
    end;
do(<<"wait">>, [Time]) -> timer:sleep(binary_to_integer(Time)), ok;
do(<<"down">>, []) ->
    case get(root) of
        undefined -> "nobody";
        Pid ->
            Ref = monitor(process, Pid),
            exit(Pid, shutdown),
            receive {'DOWN', Ref, _, _, Why} -> word(Why) end
    end;
do(<<"close">>, []) ->
    do(<<"down">>, []),
    %% Those whose supervisor was killed may still be ending.
    quiet(),
    Left = [Pid || {Pid, _} <- ets:tab2list(names), is_pid(Pid)],
    [exit(Pid, kill) || Pid <- Left],
    quiet(),
    flush(),
    ets:delete_all_objects(names),
    erase(root),
    ok;
do(Verb, Words) -> oracle_proc:do(Verb, Words).

flush() -> receive _ -> flush() after 0 -> ok end.

pid(Name) ->
    case ets:lookup(names, Name) of
        [{_, Pid}] -> case is_process_alive(Pid) of true -> Pid; false -> none end;
        [] -> none
    end.

tell(Name, Reason) ->
    case pid(Name) of
        none -> "nobody";
        Pid -> Pid ! {'end', Reason}, ok
    end.

reason(<<"shutdown+">>) -> {shutdown, done};
reason(Word) -> binary_to_atom(Word).

asked(Sup, Ask) ->
    case pid(Sup) of
        none -> "nobody";
        Pid ->
            try Ask(Pid) of
                ok -> "ok";
                {ok, _} -> "ok";
                {error, {already_started, _}} -> "already_started";
                {error, Why} when Why =:= already_present; Why =:= not_found; Why =:= running;
                                  Why =:= restarting -> atom_to_list(Why);
                {error, {Why, Child}} when element(1, Child) =:= child -> ["failed ", word(Why)];
                {error, Why} when is_tuple(Why), element(1, Why) =:= bad_combination -> "invalid";
                {error, Why} -> ["failed ", word(Why)]
            catch
                exit:_ -> "gone"
            end
    end.

%% All that runs, as supervisors list it.

state() ->
    case get(root) of
        undefined -> [];
        Pid ->
            receive
                {'EXIT', Pid, Why} -> erase(root), [": down ", word(Why), "\n"]
            after 0 ->
                try [": ", tree(Pid), "\n"]
                catch exit:_ -> quiet(), state()
                end
            end
    end.

tree(Sup) ->
    Children = lists:reverse(supervisor:which_children(Sup)),
    [{_, Name}] = ets:lookup(names, Sup),
    case [pool || #{kind := dynamic, name := Its} <- get(specs), Its =:= Name] of
        [] ->
            Counted = supervisor:count_children(Sup),
            Counts = [[$/, integer_to_list(proplists:get_value(Key, Counted))]
                      || Key <- [specs, active, supervisors, workers]],
            ["[", lists:join(" ", [child(Child) || Child <- Children]), "]", Counts];
        _ ->
            %% A dynamic supervisor counts its template, too. And until OTP 26 one that has
            %% declined to be restarted stays in the list, without a process.
            Up = [Child || {undefined, Pid, _, _} <- Children, is_pid(Pid),
                           {_, Child} <- ets:lookup(names, Pid)],
            ["[", lists:join(" ", lists:sort(Up)), "]/", integer_to_list(length(Up))]
    end.

child({Id, undefined, _, _}) -> [Id, "-"];
child({Id, restarting, _, _}) -> [Id, "?"];
child({Id, Pid, supervisor, _}) -> [Id, tree(Pid)];
child({Id, _, worker, _}) -> Id.
