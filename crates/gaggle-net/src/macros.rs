//! What each kind of stream, and each half of one, has written out: methods and traits over the functions of `stream.rs`.

/// The methods that read.
macro_rules! reads {
    () => {
        /// Reads what there is, at least one byte, and says how many; 0 is the end.
        ///
        /// # Errors
        /// Those of the system, such as a connection that was reset.
        ///
        /// # Cancel safety
        /// If the future is dropped, nothing was read.
        #[track_caller]
        pub fn read<'a>(
            &'a self,
            buffer: &'a mut [u8],
        ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
            let site = Site::caller();
            poll_fn(move |cx| stream::poll_read(self.io(), cx, buffer, site))
        }

        /// As [`read`](Self::read), into several buffers one after the other.
        ///
        /// # Errors
        /// As for `read`.
        ///
        /// # Cancel safety
        /// If the future is dropped, nothing was read.
        #[track_caller]
        pub fn read_vectored<'a>(
            &'a self,
            buffers: &'a mut [IoSliceMut<'a>],
        ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
            let site = Site::caller();
            poll_fn(move |cx| stream::poll_read_vectored(self.io(), cx, buffers, site))
        }

        /// Reads until the buffer is full.
        ///
        /// # Errors
        /// As for [`read`](Self::read); and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the stream ends before.
        ///
        /// # Cancel safety
        /// None: what was read before the future was dropped is lost.
        #[track_caller]
        pub fn read_exact<'a>(
            &'a self,
            buffer: &'a mut [u8],
        ) -> impl Future<Output = io::Result<()>> + Send + 'a {
            stream::read_exact(self.io(), buffer, Site::caller())
        }

        /// Reads to the end, behind what is in `into`, and says how many bytes that were.
        ///
        /// # Errors
        /// As for [`read`](Self::read); what was read before is in `into`.
        ///
        /// # Cancel safety
        /// What was read is in `into`.
        #[track_caller]
        pub fn read_to_end<'a>(
            &'a self,
            into: &'a mut Vec<u8>,
        ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
            stream::read_to_end(self.io(), into, Site::caller())
        }
    };
}

/// The methods that write.
macro_rules! writes {
    () => {
        /// Writes what the system takes, and says how much that was.
        ///
        /// # Errors
        /// Those of the system, such as a connection that was reset.
        ///
        /// # Cancel safety
        /// If the future is dropped, nothing was written.
        #[track_caller]
        pub fn write<'a>(
            &'a self,
            bytes: &'a [u8],
        ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
            let site = Site::caller();
            poll_fn(move |cx| stream::poll_write(self.io(), cx, bytes, site))
        }

        /// As [`write`](Self::write), from several buffers one after the other.
        ///
        /// # Errors
        /// As for `write`.
        ///
        /// # Cancel safety
        /// If the future is dropped, nothing was written.
        #[track_caller]
        pub fn write_vectored<'a>(
            &'a self,
            buffers: &'a [IoSlice<'a>],
        ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
            let site = Site::caller();
            poll_fn(move |cx| stream::poll_write_vectored(self.io(), cx, buffers, site))
        }

        /// Writes all of it.
        ///
        /// # Errors
        /// As for [`write`](Self::write); a part may have been written.
        ///
        /// # Cancel safety
        /// None: if the future is dropped, a part may have been written.
        #[track_caller]
        pub fn write_all<'a>(
            &'a self,
            bytes: &'a [u8],
        ) -> impl Future<Output = io::Result<()>> + Send + 'a {
            stream::write_all(self.io(), bytes, Site::caller())
        }
    };
}

/// The traits of `futures-io`, for a type and for references to it.
macro_rules! futures_io {
    (read: [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> futures_io::AsyncRead for $type {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
                crate::stream::poll_read(self.io(), cx, buffer, Site::UNKNOWN)
            }
            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                crate::stream::poll_read_vectored(self.io(), cx, buffers, Site::UNKNOWN)
            }
        }
    };
    (write: [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> futures_io::AsyncWrite for $type {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                crate::stream::poll_write(self.io(), cx, bytes, Site::UNKNOWN)
            }
            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                crate::stream::poll_write_vectored(self.io(), cx, buffers, Site::UNKNOWN)
            }
            /// Nothing is kept back, so there is nothing to flush.
            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
            /// The other end reads the end.
            fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(crate::stream::close(self.io()))
            }
        }
    };
}

pub(crate) use {futures_io, reads, writes};
