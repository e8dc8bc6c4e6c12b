//! Delivery of one-time codes.

mod log;
mod post;
mod queue;
mod words;

use std::sync::Arc;
use std::time::Duration;

use florin_app::port::{Clock, OtpSender};

use crate::channel::ChannelError;
use crate::settings::{OtpDelivery, Settings};

pub use log::LogOtpSender;
pub use queue::QueuedOtpSender;

use post::Post;

/// How one-time codes leave, as the settings say.
#[derive(Clone)]
pub enum OtpDeliverer {
    /// As lines of standard output.
    Log,
    /// By mail, and by short message where that is set.
    Queued(Arc<QueuedOtpSender>),
}

impl OtpDeliverer {
    /// As `[otp]` says. Needs a runtime, for what works through the queue.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Self, ChannelError> {
        match settings.otp.delivery {
            OtpDelivery::Log => Ok(Self::Log),
            OtpDelivery::Smtp => {
                let post = Post::new(settings, Arc::clone(clock))?;
                Ok(Self::Queued(Arc::new(QueuedOtpSender::new(post))))
            }
        }
    }

    /// The sender.
    #[must_use]
    pub fn sender(&self) -> Arc<dyn OtpSender> {
        match self {
            Self::Log => Arc::new(LogOtpSender),
            Self::Queued(queued) => Arc::clone(queued) as Arc<dyn OtpSender>,
        }
    }

    /// Sends what still waits, for as long as that.
    pub async fn close(&self, within: Duration) {
        if let Self::Queued(queued) = self {
            queued.close(within).await;
        }
    }
}
