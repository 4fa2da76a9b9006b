//! sqlx with `SQLite`: a pool that many goroutines share, transactions, a file.

use gaggle::compat::tokio::InTokio as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use std::path::Path;
use std::time::Duration;

/// More goroutines than connections.
async fn many_deposits(pool: &SqlitePool) {
    sqlx::query("create table account (id integer primary key, cents integer not null)")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query("insert into account values (1, 0)")
        .execute(pool)
        .await
        .unwrap();
    let deposits = (1..=50_i64).map(|cents| {
        let pool = pool.clone();
        gaggle::go(async move {
            let changed = sqlx::query("update account set cents = cents + ? where id = 1")
                .bind(cents)
                .execute(&pool)
                .await
                .unwrap();
            assert_eq!(changed.rows_affected(), 1);
        })
    });
    for deposit in deposits.collect::<Vec<_>>() {
        deposit.await.unwrap();
    }
    assert_eq!(balance(pool).await, 50 * 51 / 2);
}

async fn balance(pool: &SqlitePool) -> i64 {
    sqlx::query_scalar("select cents from account where id = 1")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[gaggle::test(tokio, workers = 2)]
async fn a_pool_in_memory_is_shared_by_goroutines() {
    // Each connection to `:memory:` is a database of its own.
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    many_deposits(&pool).await;
    // The drop of a transaction takes it back.
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("update account set cents = -1")
        .execute(&mut *transaction)
        .await
        .unwrap();
    drop(transaction);
    assert_eq!(balance(&pool).await, 50 * 51 / 2);
    // Who waits for the only connection can give up, by tokio's clock, and nothing is lost by that.
    let held = pool.acquire().await.unwrap();
    let short = Duration::from_millis(5);
    assert!(tokio::time::timeout(short, pool.acquire()).await.is_err());
    drop(held);
    assert_eq!(balance(&pool).await, 50 * 51 / 2);
    pool.close().await;
}

#[gaggle::test(workers = 2)]
async fn a_file_is_still_there_after_the_pool() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sql-{}", std::process::id()));
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(60));
    let body = async {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options.clone()).await.unwrap();
        sqlx::query("create table word (text)")
            .execute(&pool)
            .await
            .unwrap();
        for text in ["one", "two", "three"] {
            let insert = sqlx::query("insert into word values (?)").bind(text);
            insert.execute(&pool).await.unwrap();
        }
        pool.close().await;
        let pool = SqlitePool::connect_with(options).await.unwrap();
        let words = sqlx::query_scalar("select text from word order by rowid");
        let words: Vec<String> = words.fetch_all(&pool).await.unwrap();
        pool.close().await;
        words
    };
    // Not the whole runtime: this one future.
    assert_eq!(body.in_tokio().await, ["one", "two", "three"]);
    for end in ["", "-wal", "-shm"] {
        let mut path = file.clone().into_os_string();
        path.push(end);
        let _ = std::fs::remove_file(path);
    }
}
