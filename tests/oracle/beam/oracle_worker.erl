%% A worker that notes its start and its end, and ends as it is told.
-module(oracle_worker).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

start_link(Spec) -> gen_server:start_link(?MODULE, Spec, []).

init(#{name := Name, starts := Starts, slow := Slow} = Spec) ->
    process_flag(trap_exit, true),
    timer:sleep(Slow),
    case outcome(oracle:counted(Name), Starts) of
        $x -> oracle:note([Name, " fails"]), {stop, boom};
        $s -> oracle:note([Name, " fails"]), {stop, shutdown};
        $i -> oracle:note([Name, " declines"]), ignore;
        $. ->
            oracle:enter(Name, self()),
            oracle:note(["start ", Name]),
            {ok, Spec}
    end.

%% One letter a start; with a `*` at the end the last one goes on.
outcome(_, [Letter, $*]) -> Letter;
outcome(1, [Letter | _]) -> Letter;
outcome(N, [_ | Letters]) -> outcome(N - 1, Letters);
outcome(_, []) -> $..

handle_call(_, _, Spec) -> {noreply, Spec}.

handle_cast(_, Spec) -> {noreply, Spec}.

handle_info({'end', Reason}, Spec) -> {stop, Reason, Spec};
handle_info(_, Spec) -> {noreply, Spec}.

terminate(Reason, #{name := Name, terminates := How}) ->
    oracle:note(["stop ", Name, "(", oracle:word(Reason), ")"]),
    case How of
        quick -> ok;
        never -> receive after infinity -> ok end;
        crash -> exit(late);
        Time -> timer:sleep(Time), oracle:note(["stopped ", Name])
    end.
