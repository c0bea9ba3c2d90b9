// What of Slack's own types the payloads are compared with.
import type { KnownBlock, HomeView, MessageMetadata, ModalView } from '@slack/types';

export type Blocks = KnownBlock[];
export type Modal = ModalView;
export type Home = HomeView;
export type Meta = MessageMetadata;
