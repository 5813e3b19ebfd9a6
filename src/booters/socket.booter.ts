import {BaseArtifactBooter, BootBindings, booter} from '@loopback/boot';
import type {ArtifactOptions} from '@loopback/boot';
import {Application, config, CoreBindings, CoreTags, inject} from '@loopback/core';
import type {ControllerClass} from '@loopback/core';
import {describeClass} from '../decorators/metadata';

/** Where {@link SocketBooter} looks by default. Change it with `bootOptions.sockets` of the application. */
export const SOCKET_BOOTER_DEFAULTS: ArtifactOptions = {
  dirs: ['controllers', 'sockets'],
  extensions: ['.controller.js', '.socket.js'],
  nested: true,
};

/**
 * Binds decorated classes as controllers. It leaves out classes that are already bound, for example by
 * LoopBack's own controller booter.
 */
@booter('sockets')
export class SocketBooter extends BaseArtifactBooter {
  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) private readonly app: Application,
    @inject(BootBindings.PROJECT_ROOT) projectRoot: string,
    @config() options: ArtifactOptions = {},
  ) {
    super(projectRoot, {...SOCKET_BOOTER_DEFAULTS, ...options});
  }

  /** @throws Error when two controllers have the same class name, and so the same binding key. */
  override async load(): Promise<void> {
    await super.load();
    for (const type of this.classes) {
      if (!describeClass(type) || this.isBound(type)) continue;
      const key = `${CoreBindings.CONTROLLERS}.${type.name}`;
      if (this.app.isBound(key)) {
        throw new Error(
          `SocketBooter: two controllers are named ${type.name}. Rename one of them.`,
        );
      }
      this.app.controller(type as ControllerClass);
    }
  }

  private isBound(type: object): boolean {
    return this.app
      .findByTag(CoreTags.CONTROLLER)
      .some(binding => binding.valueConstructor === type);
  }
}
