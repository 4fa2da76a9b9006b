%% Supervisors and their children, as scenarios describe them.
-module(oracle_sup).
-behaviour(supervisor).
-export([parse/1, start_link/2, child/2, init/1]).

%% `worker a in=root restart=transient` as a map.
parse([Kind, Name | Words]) ->
    Given = maps:from_list([pair(Word) || Word <- Words]),
    Defaults = #{kind => binary_to_atom(Kind), name => Name, in => none, restart => permanent,
                 stop => 5000, significant => false, starts => ".", terminates => quick,
                 strategy => one_for_one, max => 3, within => 5, auto => never,
                 each => permanent, slow => 0},
    maps:merge(Defaults, Given).

pair(Word) ->
    case binary:split(Word, <<"=">>) of
        [Key] -> {binary_to_atom(Key), true};
        [<<"in">>, Name] -> {in, Name};
        [<<"starts">>, Starts] -> {starts, binary_to_list(Starts)};
        [<<"stop">>, <<"wait">>] -> {stop, infinity};
        [<<"stop">>, <<"kill">>] -> {stop, brutal_kill};
        [<<"auto">>, <<"any">>] -> {auto, any_significant};
        [<<"auto">>, <<"all">>] -> {auto, all_significant};
        [Key, Value] ->
            case string:to_integer(Value) of
                {Number, <<>>} -> {binary_to_atom(Key), Number};
                _ -> {binary_to_atom(Key), binary_to_atom(Value)}
            end
    end.

start_link(Spec, All) -> supervisor:start_link(?MODULE, {Spec, All}).

%% The specification of a child; `All` is where its own children are.
child(#{kind := worker, name := Name} = Spec, _) ->
    common(Spec, #{id => Name, start => {oracle_worker, start_link, [Spec]}, type => worker});
child(#{name := Name} = Spec, All) ->
    common(Spec, #{id => Name, start => {?MODULE, start_link, [Spec, All]}, type => supervisor}).

common(#{restart := Restart, stop := Stop, significant := Significant}, Child) ->
    Child#{restart => Restart, shutdown => Stop, significant => Significant}.

init({#{kind := dynamic, name := Name, each := Each} = Spec, _}) ->
    oracle:enter(Name, self()),
    Template = #{id => template, start => {oracle_worker, start_link, []}, restart => Each},
    {ok, {flags(Spec#{strategy := simple_one_for_one}), [Template]}};
init({#{name := Name} = Spec, All}) ->
    oracle:enter(Name, self()),
    oracle:note(["begin ", Name]),
    {ok, {flags(Spec), [child(Child, All) || #{in := In} = Child <- All, In =:= Name]}}.

flags(#{strategy := Strategy, max := Max, within := Within, auto := Auto}) ->
    #{strategy => Strategy, intensity => Max, period => Within, auto_shutdown => Auto}.
