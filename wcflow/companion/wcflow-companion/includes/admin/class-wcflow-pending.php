<?php
/**
 * What people asked for in the dashboard and the daemon has not taken yet.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * The open requests about one person, or about nobody.
 */
class Wcflow_Pending {

	/**
	 * Requests that wait.
	 *
	 * @var array[]
	 */
	private $open = array();

	/**
	 * Requests that were refused lately.
	 *
	 * @var array[]
	 */
	private $refused = array();

	/**
	 * Sort requests by their state.
	 *
	 * @param array[] $requests Rows of the mailbox.
	 */
	public function __construct( $requests ) {
		foreach ( $requests as $request ) {
			if ( 'refused' === $request['state'] ) {
				$this->refused[] = $request;
			} else {
				$this->open[] = $request;
			}
		}
	}

	/**
	 * Return what waits about some people, by person.
	 *
	 * @param array[] $rows Rows of people; some may be null.
	 * @return Wcflow_Pending[]
	 */
	public static function for_many( $rows ) {
		$persons = array_column( array_filter( $rows ), 'person' );
		return array_map(
			function ( $requests ) {
				return new self( $requests );
			},
			Wcflow_Mailbox::pending_for_many( $persons )
		);
	}

	/**
	 * Return what waits about one person: requests without an answer, those that are done but not on the card yet,
	 * and those that were refused in the last days.
	 *
	 * @param array $row Row of the person.
	 * @return Wcflow_Pending
	 */
	public static function for_person( $row ) {
		$requests = array_column( Wcflow_Mailbox::pending_for( (int) $row['person'] ), null, 'id' );
		$updated  = Wcflow_Html::stamp( $row['updated_at'] );
		$later    = array();
		foreach ( Wcflow_Mailbox::latest_for( (int) $row['person'] ) as $request ) {
			$same     = $request['action'] . wp_json_encode( $request['data'] );
			$answered = Wcflow_Html::stamp( (string) $request['answered_at'] );
			$refused  = 'refused' === $request['state'] && ! isset( $later[ $same ] ) && time() - $answered < 3 * DAY_IN_SECONDS;
			$fresh    = 'done' === $request['state'] && $answered >= $updated;
			if ( $refused || $fresh ) {
				$requests[ $request['id'] ] = $request;
			}
			$later[ $same ] = true;
		}
		ksort( $requests );
		return new self( $requests );
	}

	/**
	 * Return the open requests of an action.
	 *
	 * @param string $action Action.
	 * @return array[]
	 */
	public function of( $action ) {
		return array_values(
			array_filter(
				$this->open,
				function ( $request ) use ( $action ) {
					return $action === $request['action'];
				}
			)
		);
	}

	/**
	 * Return the values of a field in the open requests of an action.
	 *
	 * @param string $action Action.
	 * @param string $field  Field.
	 * @return string[]
	 */
	public function values( $action, $field ) {
		$values = array();
		foreach ( $this->of( $action ) as $request ) {
			$values[] = Wcflow_Card::string( $request['data'], $field );
		}
		return $values;
	}

	/**
	 * Return the last open value of a field, or nothing.
	 *
	 * @param string $action Action.
	 * @param string $field  Field.
	 * @return string|null
	 */
	public function last( $action, $field ) {
		$values = $this->values( $action, $field );
		return $values ? end( $values ) : null;
	}

	/**
	 * Return labels with what happens to each: '', 'adding' or 'removing'. The last request counts.
	 *
	 * @param string[] $names Labels that the person has.
	 * @param string   $kind  tag or group.
	 * @return array Label => state.
	 */
	public function labels( $names, $kind ) {
		$labels = array_fill_keys( $names, '' );
		foreach ( $this->open as $request ) {
			$name = Wcflow_Card::string( $request['data'], $kind );
			if ( '' === $name ) {
				continue;
			}
			if ( $kind . '.add' === $request['action'] ) {
				$labels[ $name ] = in_array( $name, $names, true ) ? '' : 'adding';
			} elseif ( $kind . '.remove' === $request['action'] ) {
				if ( in_array( $name, $names, true ) ) {
					$labels[ $name ] = 'removing';
				} else {
					unset( $labels[ $name ] );
				}
			}
		}
		return $labels;
	}

	/**
	 * Print what the daemon refused, with its reason.
	 */
	public function print_refused() {
		foreach ( $this->refused as $request ) {
			echo '<div class="wcflow-refused" role="status"><span class="dashicons dashicons-warning" aria-hidden="true"></span> <strong>' . esc_html__( 'Not done:', 'wcflow-companion' ) . '</strong> ';
			echo esc_html( self::words( $request ) );
			$answer = trim( (string) $request['answer'] );
			echo '' !== $answer ? ' – ' . esc_html( $answer ) : '';
			echo '</div>';
		}
	}

	/**
	 * Return a request in a few words.
	 *
	 * @param array $request Request.
	 * @return string
	 */
	public static function words( $request ) {
		$sentences = array(
			/* translators: %s: tag */
			'tag.add'      => array( __( 'add the tag “%s”', 'wcflow-companion' ), 'tag' ),
			/* translators: %s: tag */
			'tag.remove'   => array( __( 'remove the tag “%s”', 'wcflow-companion' ), 'tag' ),
			/* translators: %s: group */
			'group.add'    => array( __( 'add to the group “%s”', 'wcflow-companion' ), 'group' ),
			/* translators: %s: group */
			'group.remove' => array( __( 'remove from the group “%s”', 'wcflow-companion' ), 'group' ),
			/* translators: %s: text of the note */
			'note.add'     => array( __( 'add the note “%s”', 'wcflow-companion' ), 'text' ),
			'note.remove'  => array( __( 'delete a note', 'wcflow-companion' ), '' ),
			/* translators: %s: active or inactive */
			'status.set'   => array( __( 'set the status to %s', 'wcflow-companion' ), 'status' ),
			/* translators: %s: text of the reminder */
			'reminder.add' => array( __( 'add the reminder “%s”', 'wcflow-companion' ), 'text' ),
			'task.done'    => array( __( 'mark a task as done', 'wcflow-companion' ), '' ),
			'task.snooze'  => array( __( 'move a task to a later date', 'wcflow-companion' ), '' ),
			/* translators: %s: company */
			'company.set'  => array( __( 'set the company to “%s”', 'wcflow-companion' ), 'company' ),
			'edit.undo'    => array( __( 'undo a change', 'wcflow-companion' ), '' ),
			'held.approve' => array( __( 'approve the changes on hold', 'wcflow-companion' ), '' ),
		);
		if ( ! isset( $sentences[ $request['action'] ] ) ) {
			return (string) $request['action'];
		}
		list( $words, $field ) = $sentences[ $request['action'] ];
		return '' === $field ? $words : sprintf( $words, Wcflow_Html::short( Wcflow_Card::string( $request['data'], $field ), 80 ) );
	}
}
