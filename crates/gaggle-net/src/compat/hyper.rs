//! The traits of hyper's I/O.

use super::for_each_stream;
use super::spare::read_hyper;
use crate::stream::{self, Bytes};
use gaggle_base::site::Site;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

macro_rules! implement {
    (read: [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> Read for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                read_hyper(self.io(), cx, buffer)
            }
        }
    };
    (write: [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> Write for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                stream::poll_write(self.io(), cx, bytes, Site::UNKNOWN)
            }
            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                stream::poll_write_vectored(self.io(), cx, buffers, Site::UNKNOWN)
            }
            fn is_write_vectored(&self) -> bool {
                true
            }
            /// Nothing is kept back, so there is nothing to flush.
            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
            /// The other end reads the end.
            fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(stream::close(self.io()))
            }
        }
    };
}

for_each_stream!(implement);
