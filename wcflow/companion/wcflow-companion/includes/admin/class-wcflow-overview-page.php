<?php
/**
 * How wcflow is doing.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Shows health, held work, segments, workflows and the latest actions from the daemon's summary.
 */
class Wcflow_Overview_Page {

	const SILENT = 900;

	/**
	 * Print the tab.
	 */
	public static function render() {
		$summary = Wcflow_Admin::summary();
		self::health( $summary );
		if ( ! $summary ) {
			return;
		}
		self::held( $summary );
		self::failed( $summary );
		echo '<div class="wcflow-columns"><div>';
		self::segments( Wcflow_Card::list_of( $summary, 'segments' ) );
		self::workflows( Wcflow_Card::list_of( $summary, 'workflows' ) );
		echo '</div><div>';
		Wcflow_Bulk_Log::render();
		self::actions( Wcflow_Card::list_of( $summary, 'actions' ) );
		echo '</div></div>';
	}

	/**
	 * Print in one sentence whether all is well.
	 *
	 * @param array $summary Summary.
	 */
	private static function health( $summary ) {
		if ( ! $summary ) {
			self::card( 'warning', __( 'wcflow has not connected yet', 'wcflow-companion' ), esc_html__( 'Start wcflow with an API key of this store. It finds this plugin by itself, and everything appears here after its first sync.', 'wcflow-companion' ) );
			return;
		}
		$sent   = Wcflow_Html::stamp( Wcflow_Card::string( $summary, 'sent_at' ) );
		$polled = Wcflow_Html::ago( Wcflow_Card::string( $summary, 'polled_at' ) );
		$error  = Wcflow_Card::string( $summary, 'poll_error' );
		$queue  = isset( $summary['queue'] ) && is_array( $summary['queue'] ) ? $summary['queue'] : array();
		/* translators: %s: when, such as "2 minutes ago" */
		$parts = $polled ? array( sprintf( esc_html__( 'Last sync %s.', 'wcflow-companion' ), $polled ) ) : array();
		$held  = isset( $summary['held'] ) && is_array( $summary['held'] ) ? (int) Wcflow_Card::string( $summary['held'], 'count' ) : 0;
		$wait  = max( 0, (int) Wcflow_Card::string( $queue, 'waiting' ) - $held ); // What is held has its own card.
		if ( $wait || ! $held ) {
			/* translators: %s: number of changes */
			$parts[] = esc_html( $wait ? sprintf( _n( '%s change waits in the queue.', '%s changes wait in the queue.', $wait, 'wcflow-companion' ), number_format_i18n( $wait ) ) : __( 'Nothing waits in the queue.', 'wcflow-companion' ) );
		}
		$mail = Wcflow_Mailbox::count_pending();
		if ( $mail ) {
			/* translators: %s: number of changes */
			$parts[] = esc_html( sprintf( _n( '%s change from this dashboard is still pending.', '%s changes from this dashboard are still pending.', $mail, 'wcflow-companion' ), number_format_i18n( $mail ) ) );
		}
		if ( '' !== $error ) {
			self::card( 'error', __( 'wcflow cannot read the store', 'wcflow-companion' ), esc_html( $error ) . '<br>' . implode( ' ', $parts ), $summary );
		} elseif ( ! $sent || time() - $sent > self::SILENT ) {
			/* translators: %s: a time span such as "2 hours" */
			$title = $sent ? sprintf( __( 'No word from wcflow for %s', 'wcflow-companion' ), human_time_diff( $sent, time() ) ) : __( 'wcflow has not reported yet', 'wcflow-companion' );
			self::card( 'error', $title, esc_html__( 'What you see may be old. Check on the server that the daemon is running.', 'wcflow-companion' ) . '<br>' . implode( ' ', $parts ), $summary );
		} else {
			self::card( 'success', __( 'wcflow is running', 'wcflow-companion' ), implode( ' ', $parts ), $summary );
		}
	}

	/**
	 * Print the health card with the daemon's warnings.
	 *
	 * @param string $state   success, warning or error.
	 * @param string $title   Heading.
	 * @param string $html    Escaped text.
	 * @param array  $summary Summary.
	 */
	private static function card( $state, $title, $html, $summary = array() ) {
		$icons = array(
			'success' => 'yes-alt',
			'warning' => 'info',
			'error'   => 'warning',
		);
		echo '<div class="wcflow-health wcflow-' . esc_attr( $state ) . '"><span class="dashicons dashicons-' . esc_attr( $icons[ $state ] ) . '" aria-hidden="true"></span><div><h2>' . esc_html( $title ) . '</h2><p>' . $html . '</p>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped by the callers.
		$warnings = isset( $summary['warnings'] ) && is_array( $summary['warnings'] ) ? array_filter( $summary['warnings'], 'is_string' ) : array();
		$warnings = array_merge( $warnings, self::own_warnings() );
		foreach ( $warnings as $warning ) {
			echo '<p class="wcflow-warning-line"><span class="dashicons dashicons-warning" aria-hidden="true"></span> <bdi>' . esc_html( $warning ) . '</bdi></p>';
		}
		$version = Wcflow_Card::string( $summary, 'daemon' );
		if ( '' !== $version ) {
			/* translators: 1: version of wcflow, 2: version of the plugin */
			echo '<p class="wcflow-meta">' . esc_html( sprintf( __( 'wcflow %1$s, plugin %2$s', 'wcflow-companion' ), $version, WCFLOW_COMPANION_VERSION ) ) . '</p>';
		}
		echo '</div></div>';
	}

	/**
	 * Return what the plugin itself has to warn of.
	 *
	 * @return string[]
	 */
	private static function own_warnings() {
		$dropped = Wcflow_Limit::dropped();
		if ( ! $dropped ) {
			return array();
		}
		$limit = number_format_i18n( Wcflow_Limit::per_hour() );
		/* translators: 1: number of e-mail addresses, 2: number of e-mail addresses */
		return array( sprintf( _n( '%1$s e-mail address typed at the checkout in the last 24 hours was ignored: more than %2$s an hour, or 10 in one visit, may be invented. Orders are not affected.', '%1$s e-mail addresses typed at the checkout in the last 24 hours were ignored: more than %2$s an hour, or 10 in one visit, may be invented. Orders are not affected.', $dropped, 'wcflow-companion' ), number_format_i18n( $dropped ), $limit ) );
	}

	/**
	 * Print the work that waits for approval, with its button.
	 *
	 * @param array $summary Summary.
	 */
	private static function held( $summary ) {
		$held = isset( $summary['held'] ) && is_array( $summary['held'] ) ? $summary['held'] : array();
		if ( ! $held ) {
			return;
		}
		$count = (int) Wcflow_Card::string( $held, 'count' );
		$token = Wcflow_Card::string( $held, 'token' );
		/* translators: %s: number of changes */
		echo '<div class="wcflow-held" id="wcflow-held"><h2>' . esc_html( sprintf( _n( '%s change waits for your approval', '%s changes wait for your approval', $count, 'wcflow-companion' ), number_format_i18n( $count ) ) ) . '</h2>';
		echo '<p><bdi>' . esc_html( Wcflow_Card::string( $held, 'reason' ) ) . '</bdi></p><ul>';
		foreach ( Wcflow_Card::list_of( $held, 'kinds' ) as $kind ) {
			echo '<li><strong>' . esc_html( number_format_i18n( (int) Wcflow_Card::string( $kind, 'count' ) ) ) . '</strong> <bdi>' . esc_html( Wcflow_Card::string( $kind, 'words' ) ) . '</bdi></li>';
		}
		echo '</ul>';
		$last = self::last_approval( $token );
		if ( $last && 'refused' !== $last['state'] ) {
			echo '<p><em class="wcflow-waiting">' . esc_html__( 'Approved. wcflow writes these changes with its next sync.', 'wcflow-companion' ) . '</em></p>';
		} elseif ( '' !== $token && Wcflow_Admin::may_edit() ) {
			( new Wcflow_Pending( array_filter( array( $last ) ) ) )->print_refused();
			Wcflow_Requests::open_form( 'held.approve', 0, '' );
			/* translators: %s: number of changes */
			echo '<input type="hidden" name="wcflow[token]" value="' . esc_attr( $token ) . '"><button type="submit" class="button button-primary">' . esc_html( sprintf( _n( 'Approve %s change', 'Approve %s changes', $count, 'wcflow-companion' ), number_format_i18n( $count ) ) ) . '</button></form>';
		}
		echo '</div>';
	}

	/**
	 * Return the last approval of held work, or null.
	 *
	 * @param string $token Token of the held work.
	 * @return array|null
	 */
	private static function last_approval( $token ) {
		foreach ( Wcflow_Mailbox::latest_for( 0 ) as $request ) {
			if ( 'held.approve' === $request['action'] && Wcflow_Card::string( $request['data'], 'token' ) === $token ) {
				return $request;
			}
		}
		return null;
	}

	/**
	 * Print the work that failed, with the reasons.
	 *
	 * @param array $summary Summary. It names only the latest ones.
	 */
	private static function failed( $summary ) {
		$failed = Wcflow_Card::list_of( $summary, 'failed' );
		if ( ! $failed ) {
			return;
		}
		$queue = isset( $summary['queue'] ) && is_array( $summary['queue'] ) ? $summary['queue'] : array();
		$count = max( count( $failed ), (int) Wcflow_Card::string( $queue, 'failed' ) );
		/* translators: %s: number of changes */
		$title = sprintf( _n( '%s change failed', '%s changes failed', $count, 'wcflow-companion' ), number_format_i18n( $count ) );
		if ( $count > count( $failed ) ) {
			/* translators: 1: such as "57 changes failed", 2: number of changes */
			$title = sprintf( __( '%1$s. The latest %2$s:', 'wcflow-companion' ), $title, number_format_i18n( count( $failed ) ) );
		}
		echo '<div class="wcflow-card wcflow-failed"><h2>' . esc_html( $title ) . '</h2><ul>';
		foreach ( $failed as $one ) {
			$person = absint( Wcflow_Card::string( $one, 'person' ) );
			$words  = '<bdi>' . esc_html( Wcflow_Card::string( $one, 'words' ) ) . '</bdi>';
			echo '<li>' . ( $person ? '<a href="' . esc_url( Wcflow_Html::person_url( $person ) ) . '">' . $words . '</a>' : $words ) . ': <bdi>' . esc_html( Wcflow_Card::string( $one, 'why' ) ) . '</bdi> <span class="wcflow-meta">' . Wcflow_Html::ago( Wcflow_Card::string( $one, 'at' ) ) . '</span></li>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped above.
		}
		echo '</ul></div>';
	}

	/**
	 * Print how many people each segment has, with bars.
	 *
	 * @param array[] $segments Segments.
	 */
	private static function segments( $segments ) {
		if ( ! $segments ) {
			return;
		}
		$most = 1;
		foreach ( $segments as $segment ) {
			$most = max( $most, (int) Wcflow_Card::string( $segment, 'people' ) );
		}
		echo '<div class="wcflow-card"><h2>' . esc_html__( 'Segments', 'wcflow-companion' ) . '</h2><table class="wcflow-bars"><thead class="screen-reader-text"><tr><th scope="col">' . esc_html__( 'Segment', 'wcflow-companion' ) . '</th><th scope="col">' . esc_html__( 'Customers', 'wcflow-companion' ) . '</th><td></td></tr></thead><tbody>';
		foreach ( $segments as $segment ) {
			$name   = Wcflow_Card::string( $segment, 'name' );
			$people = max( 0, (int) Wcflow_Card::string( $segment, 'people' ) );
			echo '<tr><th scope="row"><a href="' . esc_url( Wcflow_Html::url( 'customers', array( 'segment' => $name ) ) ) . '"><bdi>' . esc_html( $name ) . '</bdi></a></th><td class="wcflow-number">' . esc_html( number_format_i18n( $people ) ) . '</td>';
			echo '<td class="wcflow-bar-cell" aria-hidden="true"><span class="wcflow-bar" style="width:' . esc_attr( (string) max( $people ? 1 : 0, round( 100 * $people / $most ) ) ) . '%"></span></td></tr>';
		}
		echo '</tbody></table></div>';
	}

	/**
	 * Print the workflows with their figures.
	 *
	 * @param array[] $workflows Workflows.
	 */
	private static function workflows( $workflows ) {
		if ( ! $workflows ) {
			return;
		}
		$columns = array(
			'started'  => __( 'Started', 'wcflow-companion' ),
			'waiting'  => __( 'Running', 'wcflow-companion' ),
			'finished' => __( 'Finished', 'wcflow-companion' ),
			'messages' => __( 'Messages', 'wcflow-companion' ),
			'orders'   => __( 'Orders', 'wcflow-companion' ),
		);
		echo '<div class="wcflow-card wcflow-scroll"><h2>' . esc_html__( 'Workflows', 'wcflow-companion' ) . '</h2><p class="wcflow-meta">' . esc_html__( 'Updated once an hour.', 'wcflow-companion' ) . '</p><table class="widefat striped wcflow-table"><thead><tr><th scope="col">' . esc_html__( 'Name', 'wcflow-companion' ) . '</th>';
		foreach ( $columns as $words ) {
			echo '<th scope="col" class="wcflow-number">' . esc_html( $words ) . '</th>';
		}
		echo '<th scope="col" class="wcflow-number">' . esc_html__( 'Revenue', 'wcflow-companion' ) . '</th></tr></thead><tbody>';
		foreach ( $workflows as $workflow ) {
			$mode = Wcflow_Card::string( $workflow, 'mode' );
			echo '<tr><th scope="row"><bdi>' . esc_html( Wcflow_Card::string( $workflow, 'name' ) ) . '</bdi> ';
			if ( ! in_array( $mode, array( '', 'live' ), true ) ) {
				echo Wcflow_Html::chip( self::mode( $mode ), 'wcflow-quiet' ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			}
			echo '</th>';
			foreach ( array_keys( $columns ) as $column ) {
				echo '<td class="wcflow-number">' . esc_html( number_format_i18n( (int) Wcflow_Card::string( $workflow, $column ) ) ) . '</td>';
			}
			echo '<td class="wcflow-number">' . Wcflow_Html::money( Wcflow_Card::string( $workflow, 'revenue' ), Wcflow_Card::string( $workflow, 'currency' ), '–' ) . '</td></tr>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		}
		echo '</tbody></table></div>';
	}

	/**
	 * Return in words how a workflow runs when it does not run as usual.
	 *
	 * @param string $mode Mode in the configuration of wcflow.
	 * @return string
	 */
	private static function mode( $mode ) {
		$words = array(
			'dry_run' => __( 'dry run', 'wcflow-companion' ),
			'off'     => __( 'off', 'wcflow-companion' ),
		);
		return isset( $words[ $mode ] ) ? $words[ $mode ] : $mode;
	}

	/**
	 * Print what wcflow did last.
	 *
	 * @param array[] $actions Actions.
	 */
	private static function actions( $actions ) {
		echo '<div class="wcflow-card"><h2>' . esc_html__( 'Latest actions', 'wcflow-companion' ) . '</h2>';
		if ( ! $actions ) {
			echo '<p class="wcflow-none">' . esc_html__( 'wcflow has not done anything yet.', 'wcflow-companion' ) . '</p></div>';
			return;
		}
		echo '<ol class="wcflow-timeline">';
		foreach ( $actions as $action ) {
			$person = absint( Wcflow_Card::string( $action, 'person' ) );
			$name   = Wcflow_Card::string( $action, 'name' );
			$order  = absint( Wcflow_Card::string( $action, 'order_id' ) );
			$parts  = array();
			if ( $person ) {
				/* translators: %d: number of the customer in wcflow */
				$parts[] = '<a href="' . esc_url( Wcflow_Html::person_url( $person ) ) . '"><bdi>' . esc_html( '' !== $name ? $name : sprintf( __( 'Customer %d', 'wcflow-companion' ), $person ) ) . '</bdi></a>';
			}
			if ( $order ) {
				$parts[] = Wcflow_Person_Parts::order_link( $order );
			}
			echo '<li><span class="wcflow-when">' . Wcflow_Html::ago( Wcflow_Card::string( $action, 'at' ) ) . '</span><div><bdi>' . esc_html( Wcflow_Card::string( $action, 'words' ) ) . '</bdi>' . ( $parts ? '<span class="wcflow-meta"> · ' . implode( ' · ', $parts ) . '</span>' : '' ) . '</div></li>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped above.
		}
		echo '</ol></div>';
	}
}
