%% The twin of the binary `peer` on BEAM, Erlang's virtual machine: the rows about actors, the same flags and line of JSON.
%%
%% Actors are gen_servers, supervisors are OTP's. How many schedulers there are is a flag of the virtual machine,
%% so `peers` says it there too:
%%
%%     erlc actor_peer.erl && erl +S 2:2 +P 4000000 -noshell -s actor_peer -extra --peer beam --row tell --workers 2 --scale 0.1
%%
%% It touches no memory beforehand: in a round gaggle has run before, and the host has provided it.
-module(actor_peer).
-behaviour(gen_server).

-export([start/0]).
-export([init/1, handle_call/3, handle_cast/2]).
-export([start_idle/0, start_worker/1]).

-define(SENDERS, 1000).
-define(NODES, 1000).
-define(WORKERS, 100).
%% One message in so many crashes its worker.
-define(CRASH, 100).

%% The counts repeat those of `src/catalogue.rs`.
row("tell") -> {2_000_000, [{"", "ns/msg"}], fun warmed_tell/1};
row("ask") -> {500_000, [{"", "ns/round trip"}], fun warmed_ask/1};
row("fan-in") -> {2_000_000, [{"", "ns/msg"}], fun warmed_fan_in/1};
row("actors") -> {100_000, lives(), fun crowd/1};
row("actors-1m") -> {1_000_000, lives(), fun crowd/1};
row("actor-ring") -> {1_000_000, [{"", "ns/hop"}], fun warmed_ring/1};
row("crash-storm") -> {1_000_000, [{"", "ns/msg"}], fun warmed_storm/1}.

lives() -> [{"memory", "bytes each"}, {"start", "ns each"}, {"stop", "ns each"}].

start() ->
    %% Crashes are what is measured; their reports are not read.
    logger:set_primary_config(level, none),
    Status =
        try
            io:put_chars(run(options(init:get_plain_arguments(), #{}))),
            0
        catch
            throw:{check, What, Got, Want} ->
                complain("check sum of ~s is ~w, must be ~w~n", [What, Got, Want]);
            Class:Reason:Stack ->
                complain("~w ~0p ~0p~n", [Class, Reason, Stack])
        end,
    halt(Status).

complain(Format, Arguments) ->
    io:format(standard_error, "beam: " ++ Format, Arguments),
    1.

options(["--" ++ Name, Value | Rest], Options) -> options(Rest, Options#{Name => Value});
options([], Options) -> Options.

run(#{"row" := Name} = Options) ->
    Workers = list_to_integer(maps:get("workers", Options, "1")),
    Workers = erlang:system_info(schedulers_online),
    {Count, Figures, Run} = row(Name),
    {Done, [Value | More]} = Run(max(100, trunc(Count * scale(maps:get("scale", Options, "1"))))),
    [{_, Unit} | Others] = Figures,
    Further = [
        io_lib:format("{\"name\":\"~s\",\"unit\":\"~s\",\"value\":~.3f}", [Figure, Its, float(Also)])
     || {{Figure, Its}, Also} <- lists:zip(Others, More)
    ],
    io_lib:format(
        "{\"row\":\"~s\",\"peer\":\"beam\",\"workers\":~w,\"count\":~w,\"unit\":\"~s\",\"value\":~.3f,"
        "\"more\":[~s],\"checksum\":\"ok\"}~n",
        [Name, Workers, Done, Unit, float(Value), lists:join(",", Further)]
    ).

scale(Text) ->
    try
        list_to_float(Text)
    catch
        error:badarg -> list_to_integer(Text)
    end.

check(_, Same, Same) -> ok;
check(What, Got, Want) -> throw({check, What, Got, Want}).

sum_below(N) -> N * (N - 1) div 2.

warm_up(N) -> max(1, N div 10).

%% What a function gives, and how many nanoseconds it takes.
timed(Work) ->
    Start = erlang:monotonic_time(nanosecond),
    Output = Work(),
    {Output, erlang:monotonic_time(nanosecond) - Start}.

%% Runs a function in a process of its own for each number, and waits for what they give.
all(Work, From, To) ->
    Me = self(),
    Pids = [spawn_link(fun() -> Me ! {self(), Work(I)} end) || I <- lists:seq(From, To)],
    [
        receive
            {Pid, Output} -> Output
        end
     || Pid <- Pids
    ].

%% The rows.

warmed_tell(N) ->
    told(1, warm_up(N)),
    {N, [told(1, N) / N]}.

warmed_fan_in(N) ->
    Each = max(1, N div ?SENDERS),
    told(?SENDERS, warm_up(Each)),
    {Each * ?SENDERS, [told(?SENDERS, Each) / (Each * ?SENDERS)]}.

told(Senders, Each) ->
    {ok, Sum} = gen_server:start_link(?MODULE, sum, []),
    {Total, Took} = timed(fun() ->
        all(fun(Sender) -> tell(Sum, Sender * Each, (Sender + 1) * Each) end, 0, Senders - 1),
        gen_server:call(Sum, total, infinity)
    end),
    gen_server:stop(Sum),
    check("tell", Total, sum_below(Senders * Each)),
    Took.

tell(_, To, To) ->
    ok;
tell(Sum, Value, To) ->
    gen_server:cast(Sum, Value),
    tell(Sum, Value + 1, To).

warmed_ask(N) ->
    asked(warm_up(N)),
    {N, [asked(N) / N]}.

asked(N) ->
    {ok, Sum} = gen_server:start_link(?MODULE, sum, []),
    {[Answers], Took} = timed(fun() -> all(fun(_) -> ask(Sum, 0, N, 0) end, 1, 1) end),
    gen_server:stop(Sum),
    check("ask", Answers, 2 * sum_below(N)),
    Took.

ask(_, To, To, Answers) -> Answers;
ask(Pid, Value, To, Answers) -> ask(Pid, Value + 1, To, Answers + gen_server:call(Pid, {double, Value})).

warmed_ring(Hops) ->
    circulate(max(1, warm_up(Hops) div ?NODES)),
    Rounds = max(1, Hops div ?NODES),
    {Rounds * ?NODES, [circulate(Rounds) / (Rounds * ?NODES)]}.

circulate(Rounds) ->
    Nodes = [element(2, gen_server:start_link(?MODULE, {node, self(), Rounds * ?NODES}, [])) || _ <- lists:seq(1, ?NODES)],
    [First | Others] = Nodes,
    [gen_server:call(Node, {next, Next}) || {Node, Next} <- lists:zip(Nodes, Others ++ [First])],
    {ok, Took} = timed(fun() ->
        gen_server:cast(First, 1),
        receive
            over -> ok
        end
    end),
    [check("actor-ring", gen_server:call(Node, visits), Rounds) || Node <- Nodes],
    [gen_server:stop(Node) || Node <- Nodes],
    Took.

crowd(N) ->
    Before = resident(),
    {{Supervisor, Pids}, Begun} = timed(fun() ->
        Idle = #{id => idle, start => {?MODULE, start_idle, []}, restart => temporary},
        {ok, Pid} = supervisor:start_link({local, crowd}, ?MODULE, {supervisor, simple_one_for_one, [Idle]}),
        {Pid, [element(2, supervisor:start_child(Pid, [])) || _ <- lists:seq(1, N)]}
    end),
    Memory = max(0, resident() - Before),
    check("actors", length([Pid || Pid <- Pids, is_process_alive(Pid)]), N),
    {ok, Ended} = timed(fun() -> gen_server:stop(Supervisor, normal, infinity) end),
    check("actors", length([Pid || Pid <- Pids, is_process_alive(Pid)]), 0),
    {N, [Memory / N, Begun / N, Ended / N]}.

%% The resident memory of this process of the operating system, in bytes.
resident() ->
    {ok, Statm} = file:read_file("/proc/self/statm"),
    list_to_integer(lists:nth(2, string:lexemes(binary_to_list(Statm), " "))) * 4096.

warmed_storm(N) ->
    weather(warm_up(N)),
    {Count, Took} = weather(N),
    {Count, [Took / Count]}.

weather(N) ->
    Crashes = max(1, N div ?CRASH div ?WORKERS),
    Me = self(),
    Askers = [spawn_link(fun() -> asker(Me, Crashes) end) || _ <- lists:seq(1, ?WORKERS)],
    Children = [#{id => Asker, start => {?MODULE, start_worker, [Asker]}} || Asker <- Askers],
    {ok, Supervisor} = supervisor:start_link({local, pool}, ?MODULE, {supervisor, one_for_one, Children}),
    {Answers, Took} = timed(fun() ->
        [Asker ! go || Asker <- Askers],
        [
            receive
                {Asker, Sum} -> Sum
            end
         || Asker <- Askers
        ]
    end),
    gen_server:stop(Supervisor, normal, infinity),
    check("crash-storm", lists:sum(Answers), 2 * ?WORKERS * sum_below(Crashes * (?CRASH - 1))),
    {Crashes * ?CRASH * ?WORKERS, Took}.

%% Each worker says to its asker that it is up: that many times it is asked.
asker(Root, Crashes) ->
    Worker = up(),
    receive
        go -> ok
    end,
    Root ! {self(), storm(Worker, 0, Crashes, 0)}.

storm(Worker, Crashes, Crashes, Answers) ->
    Answers + gen_server:call(Worker, {double, 0});
storm(Worker, Crash, Crashes, Answers) ->
    More = ask(Worker, Crash * (?CRASH - 1), (Crash + 1) * (?CRASH - 1), Answers),
    gen_server:cast(Worker, crash),
    storm(up(), Crash + 1, Crashes, More).

up() ->
    receive
        {up, Worker} -> Worker
    end.

%% The actors.

start_idle() -> gen_server:start_link(?MODULE, idle, []).

start_worker(Asker) -> gen_server:start_link(?MODULE, {worker, Asker}, []).

init(sum) ->
    {ok, {sum, 0}};
init({node, Root, Hops}) ->
    {ok, {node, Root, Hops, none, 0}};
init(idle) ->
    {ok, idle};
init({worker, Asker}) ->
    Asker ! {up, self()},
    {ok, worker};
init({supervisor, Strategy, Children}) ->
    %% As many restarts as it takes, in the shortest window that there is.
    {ok, {#{strategy => Strategy, intensity => 1_000_000_000, period => 1}, Children}}.

handle_call({double, Value}, _, State) -> {reply, 2 * Value, State};
handle_call(total, _, {sum, Sum}) -> {reply, Sum, {sum, Sum}};
handle_call({next, Next}, _, {node, Root, Hops, _, Visits}) -> {reply, ok, {node, Root, Hops, Next, Visits}};
handle_call(visits, _, {node, _, _, _, Visits} = State) -> {reply, Visits, State}.

handle_cast(Value, {sum, Sum}) ->
    {noreply, {sum, Sum + Value}};
handle_cast(Hop, {node, Root, Hops, Next, Visits}) ->
    case Hop of
        Hops -> Root ! over;
        _ -> gen_server:cast(Next, Hop + 1)
    end,
    {noreply, {node, Root, Hops, Next, Visits + 1}};
handle_cast(crash, worker) ->
    exit(told_to).
