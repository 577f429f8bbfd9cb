<?php
/**
 * Takes what people send from forms, and puts it into the mailbox.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * The forms of the screens and the one handler behind them.
 */
class Wcflow_Requests {

	const HANDLER = 'wcflow_request';

	/**
	 * Fields of each action: name => how it is cleaned. A field ending in ? may be missing.
	 */
	const ACTIONS = array(
		'tag.add'      => array( 'tag' => 'list' ),
		'tag.remove'   => array( 'tag' => 'line' ),
		'group.add'    => array( 'group' => 'list' ),
		'group.remove' => array( 'group' => 'line' ),
		'note.add'     => array(
			'category'  => 'line',
			'text'      => 'text',
			'order_id?' => 'id',
		),
		'note.remove'  => array( 'note' => 'line' ),
		'status.set'   => array( 'status' => 'status' ),
		'reminder.add' => array(
			'text'      => 'line',
			'due'       => 'day',
			'assignee?' => 'line',
		),
		'task.done'    => array( 'task' => 'line' ),
		'task.snooze'  => array(
			'task'  => 'line',
			'until' => 'day',
		),
		'company.set'  => array( 'company?' => 'line' ),
		'edit.undo'    => array( 'edit' => 'line' ),
		'held.approve' => array( 'token' => 'line' ),
	);

	/**
	 * Hook up the handler.
	 */
	public static function init() {
		add_action( 'admin_post_' . self::HANDLER, array( __CLASS__, 'handle_post' ) );
		add_action( 'wp_ajax_' . self::HANDLER, array( __CLASS__, 'handle_ajax' ) );
	}

	/**
	 * Take a form and go back to the screen it came from.
	 */
	public static function handle_post() {
		check_admin_referer( self::HANDLER );
		$problem = self::take();
		$back    = wp_get_referer() ? wp_get_referer() : Wcflow_Html::url( 'customers' );
		$back    = remove_query_arg( array( 'wcflow_sent', 'wcflow_problem' ), $back );
		wp_safe_redirect( add_query_arg( '' === $problem ? array( 'wcflow_sent' => 1 ) : self::problem( $problem ), $back ) );
		exit;
	}

	/**
	 * Take a form of the panel, and answer with the panel as it is now.
	 */
	public static function handle_ajax() {
		check_ajax_referer( self::HANDLER );
		$problem = self::take();
		$row     = self::person();
		$order   = isset( $_POST['panel_order'] ) ? absint( $_POST['panel_order'] ) : 0; // phpcs:ignore WordPress.Security.NonceVerification.Missing
		wp_send_json(
			array(
				'ok'    => '' === $problem,
				'words' => '' === $problem ? self::sent_words() : $problem,
				'html'  => $row && current_user_can( Wcflow_Admin::READ ) ? Wcflow_Panel::html( $row, $order ) : '',
			)
		);
	}

	/**
	 * Put the request of the current form into the mailbox; return what is wrong, or an empty string.
	 *
	 * @return string
	 */
	private static function take() {
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- checked by the callers.
		if ( ! Wcflow_Admin::may_edit() ) {
			return __( 'You are not allowed to change customers.', 'wcflow-companion' );
		}
		$action = isset( $_POST['wcflow_action'] ) ? sanitize_text_field( wp_unslash( $_POST['wcflow_action'] ) ) : '';
		if ( ! isset( self::ACTIONS[ $action ] ) ) {
			return __( 'This action is not known.', 'wcflow-companion' );
		}
		$row = self::person();
		if ( ! $row && ! in_array( $action, array( 'held.approve', 'task.done', 'task.snooze' ), true ) ) {
			return __( 'wcflow no longer knows this customer.', 'wcflow-companion' );
		}
		$input = isset( $_POST['wcflow'] ) && is_array( $_POST['wcflow'] ) ? wp_unslash( $_POST['wcflow'] ) : array(); // phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- each field is cleaned below.
		// phpcs:enable
		$data = self::clean( $action, $input );
		if ( is_string( $data ) ) {
			return $data;
		}
		foreach ( self::each( $data ) as $one ) {
			$sent = Wcflow_Mailbox::add( $action, $row, $one, '', '', self::generation() );
			if ( is_wp_error( $sent ) ) {
				return $sent->get_error_message();
			}
		}
		return '';
	}

	/**
	 * Return the cleaned data of an action, or a sentence that says what is missing.
	 *
	 * @param string $action Action.
	 * @param array  $input  Fields as sent, without slashes.
	 * @return array|string
	 */
	public static function clean( $action, $input ) {
		$data = array();
		foreach ( self::ACTIONS[ $action ] as $name => $kind ) {
			$field = rtrim( $name, '?' );
			$value = isset( $input[ $field ] ) && is_scalar( $input[ $field ] ) ? self::clean_value( (string) $input[ $field ], $kind ) : '';
			if ( ( '' === $value || array() === $value ) && $field === $name ) {
				return self::missing( $field );
			}
			if ( ( '' !== $value && 0 !== $value ) || 'company' === $field ) {
				$data[ $field ] = $value;
			}
		}
		return $data;
	}

	/**
	 * Return one cleaned value.
	 *
	 * @param string $value Value as sent.
	 * @param string $kind  line, text, list, id, day or status.
	 * @return mixed
	 */
	private static function clean_value( $value, $kind ) {
		switch ( $kind ) {
			case 'text':
				return self::text( $value );
			case 'list':
				$names = array_map( array( __CLASS__, 'name' ), explode( ',', $value ) );
				return array_values( array_unique( array_filter( $names, 'strlen' ) ) );
			case 'id':
				return absint( $value );
			case 'status':
				return in_array( $value, array( 'active', 'inactive' ), true ) ? $value : '';
			case 'day':
				return self::day( $value );
			default:
				return self::name( $value );
		}
	}

	/**
	 * Return a name as one line without control characters. Angle brackets are kept: a tag may have them.
	 *
	 * @param string $value Value as sent.
	 * @return string
	 */
	private static function name( $value ) {
		$value = wp_check_invalid_utf8( $value, true );
		return mb_substr( trim( preg_replace( '/[\p{Cc}\s]+/u', ' ', $value ) ), 0, 500 );
	}

	/**
	 * Return a text of several lines without control characters. Angle brackets are kept: someone may write <3.
	 *
	 * @param string $value Value as sent.
	 * @return string
	 */
	private static function text( $value ) {
		$value = str_replace( array( "\r\n", "\r" ), "\n", wp_check_invalid_utf8( $value, true ) );
		return mb_substr( trim( preg_replace( '/[^\P{Cc}\n\t]/u', '', $value ) ), 0, 5000 );
	}

	/**
	 * Return nine o'clock on a day of the site's time zone as UTC, or an empty string.
	 *
	 * @param string $value Day as YYYY-MM-DD, or a number of days from now as +3.
	 * @return string
	 */
	private static function day( $value ) {
		if ( preg_match( '/^\+\d{1,3}$/', $value ) ) {
			$value = wp_date( 'Y-m-d', time() + DAY_IN_SECONDS * (int) $value );
		}
		if ( ! preg_match( '/^(\d{4})-(\d\d)-(\d\d)$/', $value, $part ) || ! checkdate( (int) $part[2], (int) $part[3], (int) $part[1] ) ) {
			return '';
		}
		$day = new DateTimeImmutable( $value . ' 09:00:00', wp_timezone() );
		return $day->setTimezone( new DateTimeZone( 'UTC' ) )->format( 'Y-m-d\TH:i:s\Z' );
	}

	/**
	 * Return the data once for each name of a list.
	 *
	 * @param array $data Cleaned data.
	 * @return array[]
	 */
	public static function each( $data ) {
		foreach ( array( 'tag', 'group' ) as $field ) {
			if ( isset( $data[ $field ] ) && is_array( $data[ $field ] ) ) {
				return array_map(
					function ( $name ) use ( $field ) {
						return array( $field => $name );
					},
					$data[ $field ]
				);
			}
		}
		return array( $data );
	}

	/**
	 * Return what to say where a field is missing.
	 *
	 * @param string $field Field.
	 * @return string
	 */
	private static function missing( $field ) {
		$words = array(
			'tag'      => __( 'Enter a tag first.', 'wcflow-companion' ),
			'group'    => __( 'Enter a group first.', 'wcflow-companion' ),
			'text'     => __( 'Enter some text first.', 'wcflow-companion' ),
			'due'      => __( 'Choose a date first.', 'wcflow-companion' ),
			'until'    => __( 'Choose a date first.', 'wcflow-companion' ),
			'category' => __( 'Choose a category first.', 'wcflow-companion' ),
		);
		return isset( $words[ $field ] ) ? $words[ $field ] : __( 'Something is missing. Reload the page and try again.', 'wcflow-companion' );
	}

	/**
	 * Return the row of the person that the form is about, or null.
	 *
	 * @return array|null
	 */
	private static function person() {
		$person = isset( $_POST['person'] ) ? absint( $_POST['person'] ) : 0; // phpcs:ignore WordPress.Security.NonceVerification.Missing -- checked by the callers.
		$row    = $person ? Wcflow_People::find( $person ) : null;
		return $row && ! Wcflow_Cards::is_other_database( self::generation(), $row['generation'] ) ? $row : null;
	}

	/**
	 * Return the generation of what the page showed that the current form is on. Since then, another database of the
	 * daemon may have given the numbers of people and tasks to others.
	 *
	 * @return string
	 */
	public static function generation() {
		return isset( $_POST['wcflow_generation'] ) ? mb_substr( sanitize_text_field( wp_unslash( $_POST['wcflow_generation'] ) ), 0, 100 ) : ''; // phpcs:ignore WordPress.Security.NonceVerification.Missing -- checked by the callers.
	}

	/**
	 * Return what to say once a request waits.
	 *
	 * @return string
	 */
	public static function sent_words() {
		return __( 'Saved. wcflow makes the change with its next sync, usually within a minute.', 'wcflow-companion' );
	}

	/**
	 * Keep what is wrong for the next screen; return what its address needs. The words are not in it, or a link could forge them.
	 *
	 * @param string $words What is wrong.
	 * @return array
	 */
	public static function problem( $words ) {
		set_transient( 'wcflow_problem_' . get_current_user_id(), $words, MINUTE_IN_SECONDS );
		return array( 'wcflow_problem' => 1 );
	}

	/**
	 * Print what became of the form that was sent last.
	 *
	 * @param string $style Further CSS class, such as inline.
	 */
	public static function notices( $style = '' ) {
		// phpcs:disable WordPress.Security.NonceVerification.Recommended -- only words are shown.
		if ( isset( $_GET['wcflow_sent'] ) ) {
			echo '<div class="notice notice-success is-dismissible wcflow-said ' . esc_attr( $style ) . '"><p>' . esc_html( self::sent_words() ) . '</p></div>';
		}
		$problem = isset( $_GET['wcflow_problem'] ) ? (string) get_transient( 'wcflow_problem_' . get_current_user_id() ) : '';
		if ( '' !== $problem ) {
			echo '<div class="notice notice-error is-dismissible wcflow-said ' . esc_attr( $style ) . '"><p>' . esc_html( $problem ) . '</p></div>';
		}
		// phpcs:enable
	}

	/**
	 * Return the id of the form of an action. Fields name it in their form attribute, so they can be inside another form.
	 *
	 * @param string $action Action.
	 * @return string
	 */
	public static function form_id( $action ) {
		return 'wcflow-form-' . str_replace( '.', '-', $action );
	}

	/**
	 * Print one form for each action, without fields: those are elsewhere on the page.
	 *
	 * @param array $row      Row of the person.
	 * @param int   $order_id Order whose screen this is, or 0.
	 * @param bool  $live     Whether the script replaces the panel in place.
	 */
	public static function print_forms( $row, $order_id = 0, $live = false ) {
		foreach ( array_keys( self::ACTIONS ) as $action ) {
			self::open_form( $action, (int) $row['person'], $row['generation'], 'id="' . esc_attr( self::form_id( $action ) ) . '"' . ( $live ? ' data-wcflow-live="1"' : '' ) . ' hidden' );
			echo '<input type="hidden" name="panel_order" value="' . (int) $order_id . '"></form>';
		}
	}

	/**
	 * Print the beginning of a form with what every form has.
	 *
	 * @param string $action     Action.
	 * @param int    $person     Person, or 0.
	 * @param string $generation Generation of what the page shows.
	 * @param string $attributes Escaped attributes of the form.
	 */
	public static function open_form( $action, $person, $generation, $attributes = 'class="wcflow-inline"' ) {
		echo '<form method="post" action="' . esc_url( admin_url( 'admin-post.php' ) ) . '" ' . $attributes . '>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- fixed in the code.
		echo '<input type="hidden" name="_wpnonce" value="' . esc_attr( wp_create_nonce( self::HANDLER ) ) . '">';
		echo '<input type="hidden" name="_wp_http_referer" value="' . esc_attr( isset( $_SERVER['REQUEST_URI'] ) ? remove_query_arg( array( 'wcflow_sent', 'wcflow_problem' ), wp_unslash( $_SERVER['REQUEST_URI'] ) ) : '' ) . '">'; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized
		echo '<input type="hidden" name="action" value="' . esc_attr( self::HANDLER ) . '">';
		echo '<input type="hidden" name="wcflow_action" value="' . esc_attr( $action ) . '">';
		echo '<input type="hidden" name="person" value="' . (int) $person . '">';
		self::print_generation( $generation );
	}

	/**
	 * Print the field that says what the page shows.
	 *
	 * @param string $generation Generation.
	 */
	public static function print_generation( $generation ) {
		echo '<input type="hidden" name="wcflow_generation" value="' . esc_attr( $generation ) . '">';
	}
}
